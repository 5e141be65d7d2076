using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace Hawser.Interop;

/// <summary>
/// The server of the original samples, on HttpListener: one client after the other, each text answered, a text heartbeat of
/// its own, and no Dispose. Where those wrote to the console, this reports events.
/// </summary>
public class OriginalServer
{
    private static readonly ConcurrentBag<HttpListener> _listeners = [];

    private readonly Command _command;
    private readonly HttpListener _httpListener;
    private readonly SemaphoreSlim _sendSemaphore = new SemaphoreSlim(1, 1);
    private WebSocket? _webSocket;
    private CancellationTokenSource _cancellationTokenSource = new();
    private CancellationToken _cancellationToken { get { return _cancellationTokenSource.Token; } }
    private const string PingMessage = "Ping";
    private const string PongMessage = "Pong";

    private OriginalServer(Command command, HttpListener httpListener)
    {
        _command = command;
        _httpListener = httpListener;
    }

    public static Task<object?> RunAsync(Command command)
    {
        var listener = HttpListenerHost.Listen(out string uriPrefix);
        _listeners.Add(listener);
        _ = Task.Run(new OriginalServer(command, listener).StartAsync);
        return Task.FromResult<object?>(new { url = uriPrefix.Replace("http", "ws") });
    }

    public static void StopAll()
    {
        while (_listeners.TryTake(out var listener)) listener.Close();
    }

    private async Task StartAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext httpContext = await _httpListener.GetContextAsync();

                if (httpContext.Request.IsWebSocketRequest)
                {
                    await HandleWebSocketConnectionAsync(httpContext);
                }
                else
                {
                    httpContext.Response.StatusCode = 400;
                    httpContext.Response.Close();
                }
            }
        }
        catch (Exception ex) when (ex is HttpListenerException or ObjectDisposedException)
        {
            // normal when the listener is stopped
        }
    }

    private async Task HandleWebSocketConnectionAsync(HttpListenerContext httpContext)
    {
        WebSocketContext webSocketContext = await httpContext.AcceptWebSocketAsync(subProtocol: null);
        _webSocket = webSocketContext.WebSocket;
        _cancellationTokenSource = new CancellationTokenSource();
        byte[] buffer = new byte[1024];
        var heartbeatTask = HeartbeatAsync();

        while (_webSocket.State == WebSocketState.Open)
        {
            WebSocketReceiveResult result;
            try
            {
                result = await _webSocket.ReceiveAsync(new ArraySegment<byte>(buffer), _cancellationToken);
            }
            catch (Exception ex)
            {
                Report.Event("error", new { message = ex.Message });
                break;
            }

            if (result.MessageType == WebSocketMessageType.Close)
            {
                await _webSocket.CloseAsync(WebSocketCloseStatus.NormalClosure, "Closing", _cancellationToken);
            }
            else if (result.MessageType == WebSocketMessageType.Text)
            {
                string message = Encoding.UTF8.GetString(buffer, 0, result.Count);
                Report.Event("message", new { text = message });

                await SendMessageAsync("服务端已成功收到消息" + message);

                if (message == PingMessage)
                {
                    await SendMessageAsync(PongMessage);
                }
            }
        }

        _cancellationTokenSource.Cancel();
        await heartbeatTask;
        Report.Event("disconnected", new { state = _webSocket.State, code = (int?)_webSocket.CloseStatus });
    }

    private async Task SendMessageAsync(string message)
    {
        await _sendSemaphore.WaitAsync(_cancellationToken);
        try
        {
            var msg = Encoding.UTF8.GetBytes(message);
            await _webSocket!.SendAsync(new ArraySegment<byte>(msg), WebSocketMessageType.Text, true, _cancellationToken);
        }
        finally
        {
            _sendSemaphore.Release();
        }
    }

    private async Task HeartbeatAsync()
    {
        while (!_cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(_command.HeartbeatIntervalMs, _cancellationToken);
                if (_webSocket!.State != WebSocketState.Open) break;
                await SendMessageAsync(PingMessage);
                Report.Event("ping");
            }
            catch (Exception)
            {
                break; // cancelled, or the connection is gone
            }
        }
    }
}
