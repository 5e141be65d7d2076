using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace Hawser.Interop;

/// <summary>
/// A user's socket as the original trading gateway has it: one task receives, another one sends what it reads from a
/// channel. Here it gives every text back.
/// </summary>
public class UserWebSocket
{
    private readonly Channel<string> WebSocketChannel;
    private readonly Task Connection;
    private readonly Session Session;
    private WebSocket WebSocket => Session.WebSocket;

    public UserWebSocket(Session session)
    {
        WebSocketChannel = Channel.CreateUnbounded<string>();
        Session = session;
        Connection = Task.Run(async () =>
        {
            await foreach (string message in WebSocketChannel.Reader.ReadAllAsync())
            {
                try
                {
                    await WebSocket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, CancellationToken.None);
                }
                catch (Exception)
                {
                    WebSocketChannel.Writer.TryComplete();
                    break;
                }
            }
            if (!IsClosedOrAborted())
                await WebSocket.CloseAsync(WebSocketCloseStatus.NormalClosure, "Socket Close", CancellationToken.None);
        });
    }

    public static async Task<object?> RunAsync(Session session)
    {
        var userWebSocket = new UserWebSocket(session);
        int count = await userWebSocket.ReceiveAsync();
        session.NoteState();
        return new { count, states = session.States };
    }

    public void AddNewMessage(string message)
    {
        if (WebSocketChannel.Reader.Count > 1000)
            WebSocketChannel.Writer.TryComplete();
        else
            WebSocketChannel.Writer.TryWrite(message);
    }

    public async Task CloseAsync()
    {
        WebSocketChannel.Writer.TryComplete();
        await Connection;
    }

    public bool IsConnectingOrOpen()
    {
        return WebSocket.State == WebSocketState.Connecting || WebSocket.State == WebSocketState.Open;
    }

    public bool IsClosedOrAborted()
    {
        return WebSocket.State == WebSocketState.Closed || WebSocket.State == WebSocketState.Aborted;
    }

    private async Task<int> ReceiveAsync()
    {
        var buffer = new ArraySegment<byte>(new byte[1024 * 4]);
        int count = 0;
        while (IsConnectingOrOpen())
        {
            try
            {
                using var ms = new MemoryStream();
                WebSocketReceiveResult? result;
                do
                {
                    result = await WebSocket.ReceiveAsync(buffer, CancellationToken.None);
                    ms.Write(buffer.Array!, buffer.Offset, result.Count);
                }
                while (!result.EndOfMessage);
                Session.NoteState();
                ms.Seek(0, SeekOrigin.Begin);

                if (result.MessageType == WebSocketMessageType.Text)
                {
                    using var reader = new StreamReader(ms, Encoding.UTF8);
                    AddNewMessage(reader.ReadToEnd());
                    count++;
                }
                else if (result.MessageType == WebSocketMessageType.Close)
                {
                    await CloseAsync();
                }
            }
            catch (Exception)
            {
                await CloseAsync();
            }
        }
        return count;
    }
}
