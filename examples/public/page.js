const log = document.querySelector("pre");

for (const form of document.forms) {
  const { path } = form.dataset;
  const say = (text) => log.append(`${path} ${text}\n`);
  const socket = new WebSocket(new URL(path, location.href.replace("http", "ws")));
  socket.onopen = () => say("is open");
  socket.onmessage = (event) => say(event.data);
  socket.onclose = (event) => say(`is closed: ${event.code} ${event.reason}`);
  form.onsubmit = (event) => {
    event.preventDefault();
    socket.send(form.elements[0].value);
    form.reset();
  };
}
