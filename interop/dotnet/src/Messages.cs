using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Hawser.Interop;

/// <summary>SHA-256 over a series of messages: of each its bytes, then its type and length, so that no border is lost.</summary>
public sealed class SeriesHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int _length;

    public void Append(WebSocketMessageType type, ArraySegment<byte> piece, bool endOfMessage)
    {
        _hash.AppendData(piece.Array!, piece.Offset, piece.Count);
        _length += piece.Count;
        if (!endOfMessage) return;
        _hash.AppendData(Encoding.ASCII.GetBytes($"{type} {_length};"));
        _length = 0;
    }

    public string ToHex() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}

/// <summary>Messages of mixed sizes that a seed repeats.</summary>
public static class Messages
{
    private static readonly int[] EdgeSizes = [0, 1, 125, 126, 127, 65535, 65536, 65537, 1024 * 1024];
    private static readonly byte[] Words = Encoding.UTF8.GetBytes("Grüße, 世界 🚢 hawser ");

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static byte[] MakeBytes(int size, int seed)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<string> SendSeriesAsync(WebSocket webSocket, int count, int seed)
    {
        var random = new Random(seed);
        using var hash = new SeriesHash();
        for (int i = 0; i < count; i++)
        {
            bool isEdge = i / 2 < EdgeSizes.Length; // each as text and as bytes
            int size = isEdge ? EdgeSizes[i / 2] : ChooseSize(random);
            var type = i % 2 == 0 ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
            var bytes = type == WebSocketMessageType.Binary ? MakeBytes(size, random.Next())
                : isEdge ? Encoding.ASCII.GetBytes(new string('x', size))
                : MakeText(size);
            hash.Append(type, bytes, true);
            // every eighth message leaves in fragments, the first of which may be empty
            bool isCut = !isEdge && i % 8 == 7;
            int cut = isCut ? random.Next(bytes.Length + 1) : 0;
            if (isCut) await webSocket.SendAsync(new ArraySegment<byte>(bytes, 0, cut), type, false, CancellationToken.None);
            await webSocket.SendAsync(new ArraySegment<byte>(bytes, cut, bytes.Length - cut), type, true, CancellationToken.None);
        }
        return hash.ToHex();
    }

    public static async Task<string> HashReceivedAsync(WebSocket webSocket, int count)
    {
        var buffer = new ArraySegment<byte>(new byte[8192]);
        using var hash = new SeriesHash();
        for (int i = 0; i < count; i++)
        {
            WebSocketReceiveResult result;
            do
            {
                result = await webSocket.ReceiveAsync(buffer, CancellationToken.None);
                hash.Append(result.MessageType, buffer[..result.Count], result.EndOfMessage);
            }
            while (!result.EndOfMessage);
        }
        return hash.ToHex();
    }

    private static int ChooseSize(Random random) => random.Next(1000) switch
    {
        < 600 => random.Next(126),
        < 950 => random.Next(126, 2000),
        < 997 => random.Next(2000, 70_000),
        _ => random.Next(70_000, 1024 * 1024),
    };

    /// <summary>At most `size` bytes of UTF-8, cut between two characters.</summary>
    private static byte[] MakeText(int size)
    {
        var bytes = new byte[size];
        for (int i = 0; i < size; i++) bytes[i] = Words[i % Words.Length];
        int end = size;
        while (end > 0 && (Words[end % Words.Length] & 0xC0) == 0x80) end--;
        return bytes[..end];
    }
}
