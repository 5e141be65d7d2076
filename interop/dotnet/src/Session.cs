using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;

namespace Hawser.Interop;

/// <summary>
/// One WebSocket of either side, driven by commands. A WebSocket has no event for its state, so the state is looked at, and
/// kept, after every step that may change it.
/// </summary>
public sealed class Session
{
    private static readonly ConcurrentDictionary<int, Session> _sessions = new();
    private static int _counter;

    private readonly List<WebSocketState> _states = [];
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancellationTokenSource = new();
    private CancellationToken Token => _cancellationTokenSource.Token;

    public int Id { get; }
    public WebSocket WebSocket { get; }
    public ClientWebSocket? Client => WebSocket as ClientWebSocket;

    /// <summary>Settles when the socket is Closed or Aborted: then its server may let go of the request.</summary>
    public Task Over => _over.Task;

    public WebSocketState[] States
    {
        get { lock (_states) return [.. _states]; }
    }

    public Session(WebSocket webSocket)
    {
        WebSocket = webSocket;
        Id = Interlocked.Increment(ref _counter);
        _sessions[Id] = this;
        NoteState();
    }

    public static Session Get(int id) => _sessions[id];
    public static Session? Find(int id) => _sessions.GetValueOrDefault(id);

    public static void AbortAll()
    {
        foreach (var session in _sessions.Values)
        {
            try
            {
                if (!session.Over.IsCompleted) session.WebSocket.Abort();
            }
            catch (Exception)
            {
                // ASP.NET Core aborts the request, too, which may be over by now
            }
            session._over.TrySetResult();
        }
        _sessions.Clear();
    }

    public WebSocketState NoteState()
    {
        var state = WebSocket.State;
        lock (_states)
        {
            if (_states.Count == 0 || _states[^1] != state) _states.Add(state);
        }
        if (state == WebSocketState.Closed || state == WebSocketState.Aborted) _over.TrySetResult();
        return state;
    }

    public async Task<object?> RunAsync(Command command)
    {
        try
        {
            return command.Run switch
            {
                "send" => await SendAsync(command),
                "sendFragments" => await SendFragmentsAsync(command.Fragments),
                "receive" => await ReceiveAsync(),
                "exchange" => await ExchangeAsync(command.Count, command.Seed),
                "echo" => await EchoAsync(),
                "user" => await UserWebSocket.RunAsync(this),
                "close" => await CloseAsync(command),
                "closeOutput" => await CloseOutputAsync(command),
                "abort" => Abort(),
                "cancel" => Cancel(),
                "dispose" => Dispose(),
                "keepQuiet" => await KeepQuietAsync(command.DelayMs),
                "keepBusyElsewhere" => await KeepBusyElsewhereAsync(),
                "states" => Answer(),
                _ => throw new InvalidOperationException($"there is no command {command.Run}"),
            };
        }
        finally
        {
            NoteState();
        }
    }

    private object Answer()
    {
        NoteState();
        return new { states = States };
    }

    // Sending

    private async Task<object> SendAsync(Command command)
    {
        var bytes = command.Text != null ? Encoding.UTF8.GetBytes(command.Text) : Messages.MakeBytes(command.Size, command.Seed);
        var type = command.Text != null ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
        await WebSocket.SendAsync(new ArraySegment<byte>(bytes), type, true, Token);
        return new { states = States, hash = Messages.Hash(bytes), count = bytes.Length };
    }

    private async Task<object> SendFragmentsAsync(string[] fragments)
    {
        for (int i = 0; i < fragments.Length; i++)
        {
            var fragment = new ArraySegment<byte>(Encoding.UTF8.GetBytes(fragments[i]));
            await WebSocket.SendAsync(fragment, WebSocketMessageType.Text, i == fragments.Length - 1, Token);
        }
        return new { states = States };
    }

    // Receiving

    private async Task<object> ReceiveAsync()
    {
        var buffer = new ArraySegment<byte>(new byte[1024 * 4]);
        using var ms = new MemoryStream();
        WebSocketReceiveResult result;
        int pieces = 0;
        do
        {
            result = await WebSocket.ReceiveAsync(buffer, Token);
            ms.Write(buffer.Array!, buffer.Offset, result.Count);
            pieces++;
        }
        while (!result.EndOfMessage);
        NoteState();

        if (result.MessageType == WebSocketMessageType.Close)
        {
            return new
            {
                type = result.MessageType,
                code = (int?)result.CloseStatus,
                reason = result.CloseStatusDescription,
                states = States,
            };
        }
        var bytes = ms.ToArray();
        string? text = result.MessageType == WebSocketMessageType.Text ? Encoding.UTF8.GetString(bytes) : null;
        return new { type = result.MessageType, text, pieces, count = bytes.Length, hash = Messages.Hash(bytes), states = States };
    }

    /// <summary>Sends messages and receives their echo at the same time: one send and one receive may be under way.</summary>
    private async Task<object> ExchangeAsync(int count, int seed)
    {
        var receive = Task.Run(() => Messages.HashReceivedAsync(WebSocket, count));
        string sent = await Messages.SendSeriesAsync(WebSocket, count, seed);
        return new { sent, received = await receive, states = States };
    }

    /// <summary>What comes goes back piece by piece, until the peer closes.</summary>
    private async Task<object> EchoAsync()
    {
        byte[] buffer = new byte[4096];
        using var hash = new SeriesHash();
        int count = 0;
        while (WebSocket.State == WebSocketState.Open && !Token.IsCancellationRequested)
        {
            WebSocketReceiveResult receiveResult = await WebSocket.ReceiveAsync(new ArraySegment<byte>(buffer), Token);
            NoteState();
            if (receiveResult.MessageType == WebSocketMessageType.Close)
            {
                await WebSocket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Token);
            }
            else
            {
                var piece = new ArraySegment<byte>(buffer, 0, receiveResult.Count);
                hash.Append(receiveResult.MessageType, piece, receiveResult.EndOfMessage);
                if (receiveResult.EndOfMessage) count++;
                await WebSocket.SendAsync(piece, receiveResult.MessageType, receiveResult.EndOfMessage, Token);
            }
        }
        NoteState();
        return new { count, hash = hash.ToHex(), states = States };
    }

    // Ending

    /// <summary>CloseAsync changes the state while it waits for the peer: CloseSent is reported as soon as it is there.</summary>
    private async Task<object> CloseAsync(Command command)
    {
        var before = WebSocket.State;
        var closing = WebSocket.CloseAsync((WebSocketCloseStatus)command.Code, command.Reason, Token);
        while (!closing.IsCompleted && WebSocket.State == before) await Task.Yield();
        Report.Event("closing", new { id = Id, state = NoteState() });
        await closing;
        return CloseAnswer();
    }

    private async Task<object> CloseOutputAsync(Command command)
    {
        await WebSocket.CloseOutputAsync((WebSocketCloseStatus)command.Code, command.Reason, Token);
        return CloseAnswer();
    }

    private object CloseAnswer()
    {
        NoteState();
        return new { code = (int?)WebSocket.CloseStatus, reason = WebSocket.CloseStatusDescription, states = States };
    }

    private object Abort()
    {
        WebSocket.Abort();
        return Answer();
    }

    private object Dispose()
    {
        WebSocket.Dispose();
        return Answer();
    }

    private object Cancel()
    {
        _cancellationTokenSource.Cancel();
        return Answer();
    }

    /// <summary>A peer that receives, but says nothing of its own for a while, so that only its keep-alive is heard.</summary>
    private async Task<object> KeepQuietAsync(int delayMs)
    {
        var receive = ReceiveAsync();
        await Task.WhenAny(receive, Task.Delay(delayMs, Token));
        if (receive.IsFaulted) await receive;
        return Answer();
    }

    /// <summary>A peer that does not receive, until its keep-alive has given up the connection.</summary>
    private async Task<object> KeepBusyElsewhereAsync()
    {
        while (NoteState() == WebSocketState.Open) await Task.Delay(20, Token);
        return Answer();
    }
}
