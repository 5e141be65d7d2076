const log = document.querySelector("pre");
const socket = new WebSocket(new URL("/echo", location.href.replace("http", "ws")));
socket.onopen = () => socket.send("ahoy");
socket.onmessage = (event) => log.append(`${event.data}\n`);
socket.onclose = (event) => log.append(`closed: ${event.code}\n`);
