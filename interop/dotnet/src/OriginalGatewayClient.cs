using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hawser.Interop;

/// <summary>
/// The gateway client of the original systems: a receive loop with a switch over `actionAck`, and a login that waits for its
/// response or for 30 s. What it got is reported as events.
/// </summary>
public class OriginalGatewayClient
{
    private static readonly ConcurrentDictionary<int, OriginalGatewayClient> _clients = new();
    private static int _ids;

    private readonly Command _command;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> _loginTaskConDict = new();
    private readonly CancellationTokenSource _websocketConnectCancellation = new();
    private readonly JsonSerializerOptions _jsonOption;
    private ClientWebSocket? _webSocketClient = new();
    private Task _receive = Task.CompletedTask;
    private bool _isConnected;

    private OriginalGatewayClient(Command command)
    {
        _command = command;
        _jsonOption = new JsonSerializerOptions
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            // as its classes name their properties, or as the messages are written
            PropertyNamingPolicy = command.PascalCase ? null : JsonNamingPolicy.CamelCase,
            PropertyNameCaseInsensitive = true,
        };
    }

    public static async Task<object?> StartAsync(Command command)
    {
        var client = new OriginalGatewayClient(command);
        int id = Interlocked.Increment(ref _ids);
        _clients[id] = client;
        bool loggedIn = await client.ConnectToWebSocket(command.Url, command.UserName ?? "", command.Password ?? "");
        return new { id, loggedIn };
    }

    public static async Task<object?> RequestAsync(Command command)
    {
        var client = _clients[command.Id];
        object? data = command.Text == null ? null : JsonSerializer.Deserialize<JsonElement>(command.Text);
        await client.SendRequest(new Request { Pid = command.Pid ?? Guid.NewGuid().ToString(), Action = command.Action, Data = data });
        return null;
    }

    public static async Task<object?> CloseAsync(Command command)
    {
        var client = _clients[command.Id];
        var socket = client._webSocketClient;
        await client.CloseWebSocket();
        await client._receive;
        return new { loggedIn = client._isConnected, state = socket?.State, code = (int?)socket?.CloseStatus };
    }

    public static void StopAll()
    {
        foreach (int id in _clients.Keys)
        {
            if (_clients.TryRemove(id, out var client)) client._websocketConnectCancellation.Cancel();
        }
    }

    private async Task<bool> ConnectToWebSocket(string url, string login, string password)
    {
        await _webSocketClient!.ConnectAsync(new Uri(url), _websocketConnectCancellation.Token);
        _receive = Task.Run(() => ReceiveAsync(_webSocketClient, login));
        return await Login(login, password);
    }

    private async Task ReceiveAsync(ClientWebSocket socket, string login)
    {
        var buffer = new ArraySegment<byte>(new byte[8192]);
        while (true)
        {
            WebSocketReceiveResult result;
            using var ms = new MemoryStream();
            try
            {
                do
                {
                    result = await socket.ReceiveAsync(buffer, _websocketConnectCancellation.Token);
                    ms.Write(buffer.Array!, buffer.Offset, result.Count);
                } while (!result.EndOfMessage);
            }
            catch (Exception)
            {
                await CloseWebSocket();
                break;
            }

            if (result.MessageType == WebSocketMessageType.Close)
            {
                Report.Event("closed", new { code = (int?)socket.CloseStatus, reason = socket.CloseStatusDescription });
                await CloseWebSocket();
                break;
            }

            ms.Seek(0, SeekOrigin.Begin);
            using var reader = new StreamReader(ms, Encoding.UTF8);
            try
            {
                string message = await reader.ReadToEndAsync();
                var response = JsonSerializer.Deserialize<Response>(message, _jsonOption)!;
                switch (response.ActionAck)
                {
                    case "login":
                        OnLoginResponse(login, response);
                        break;
                    default:
                        Report.Event(response.ActionAck, new { text = message, pid = response.Pid, status = response.Status });
                        break;
                }
            }
            catch (JsonException ex)
            {
                Report.Event("failed", new { message = ex.Message });
            }
        }
    }

    private async Task<bool> Login(string login, string password)
    {
        var source = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loginTaskConDict.Clear();
        if (!_loginTaskConDict.TryAdd(login, source)) return false;
        await SendRequest(new Request
        {
            Pid = Guid.NewGuid().ToString(),
            Action = "login",
            // what the application defines keeps its names
            Data = new Dictionary<string, object> { ["username"] = login, ["password"] = password, ["type"] = 1 },
        });
        Task timeout = Task.Delay(_command.LoginTimeoutMs);
        if (source.Task == await Task.WhenAny(source.Task, timeout)) return await source.Task;
        Report.Event("loginTimeout");
        return false;
    }

    private void OnLoginResponse(string login, Response response)
    {
        if (!_loginTaskConDict.TryRemove(login, out var source)) return;
        _isConnected = response.Status == 1;
        source.SetResult(_isConnected);
    }

    private async Task SendRequest(Request request)
    {
        if (_webSocketClient?.State != WebSocketState.Open || _websocketConnectCancellation.IsCancellationRequested) return;
        string jsonString = JsonSerializer.Serialize(request, _jsonOption);
        await _webSocketClient.SendAsync(new ArraySegment<byte>(Encoding.UTF8.GetBytes(jsonString)),
            WebSocketMessageType.Text, true, _websocketConnectCancellation.Token);
    }

    private async Task CloseWebSocket()
    {
        _isConnected = false;
        var socket = Interlocked.Exchange(ref _webSocketClient, null);
        if (socket == null) return;
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, string.Empty, CancellationToken.None);
        }
        socket.Dispose();
    }

    private class Request
    {
        public required string Pid { get; set; }
        public required string Action { get; set; }
        public object? Data { get; set; }
    }

    private class Response
    {
        public required string ActionAck { get; set; }
        public string? Pid { get; set; }
        public int? Status { get; set; }
        public JsonElement? Data { get; set; }
    }
}
