using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;

namespace Hawser.Interop;

/// <summary>
/// The client of the original samples: a text heartbeat of its own, answers to the server's, and a new connection whenever
/// one ends. Where those wrote to the console, this reports events.
/// </summary>
public class OriginalClient
{
    private static readonly ConcurrentBag<OriginalClient> _clients = [];

    private readonly Command _command;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _sendSemaphore = new SemaphoreSlim(1, 1);
    private ClientWebSocket _clientWebSocket = new();
    private CancellationTokenSource _cancellationTokenSource = new();
    private CancellationToken _cancellationToken { get { return _cancellationTokenSource.Token; } }
    private const string PingMessage = "Ping";
    private const string PongMessage = "Pong";

    private OriginalClient(Command command)
    {
        _command = command;
    }

    public static async Task<object?> RunAsync(Command command)
    {
        var client = new OriginalClient(command);
        _clients.Add(client);
        await client.StartAsync();
        return null;
    }

    public static void StopAll()
    {
        while (_clients.TryTake(out var client))
        {
            client._stopped.Cancel();
            client._clientWebSocket.Abort();
        }
    }

    private async Task StartAsync()
    {
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                _clientWebSocket = new ClientWebSocket(); // a new one for each attempt: it connects only once
                _cancellationTokenSource = new CancellationTokenSource();
                await _clientWebSocket.ConnectAsync(new Uri(_command.Url), _cancellationToken);

                var heartbeatTask = HeartbeatAsync();
                Report.Event("connected");

                await ReceiveMessagesAsync();

                _cancellationTokenSource.Cancel();
                await heartbeatTask;
                Report.Event("disconnected", new { state = _clientWebSocket.State, code = (int?)_clientWebSocket.CloseStatus });
            }
            catch (Exception ex)
            {
                Report.Event("error", new { message = ex.Message });
            }
            await Task.Delay(_command.ReconnectDelayMs);
        }
    }

    private async Task ReceiveMessagesAsync()
    {
        var buffer = new byte[1024];

        while (_clientWebSocket.State == WebSocketState.Open)
        {
            try
            {
                var result = await _clientWebSocket.ReceiveAsync(new ArraySegment<byte>(buffer), _cancellationToken);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await _clientWebSocket.CloseAsync(WebSocketCloseStatus.NormalClosure, "Closing", _cancellationToken);
                }
                else
                {
                    var message = Encoding.UTF8.GetString(buffer, 0, result.Count);
                    Report.Event("message", new { text = message });

                    if (message == PingMessage)
                    {
                        await SendMessageAsync(PongMessage);
                    }
                }
            }
            catch (Exception)
            {
                break;
            }
        }
    }

    private async Task SendMessageAsync(string message)
    {
        await _sendSemaphore.WaitAsync(_cancellationToken);
        try
        {
            var msg = Encoding.UTF8.GetBytes(message);
            await _clientWebSocket.SendAsync(new ArraySegment<byte>(msg), WebSocketMessageType.Text, true, _cancellationToken);
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
                if (_clientWebSocket.State != WebSocketState.Open) break;
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
