package wms.standin;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One TCP connection to the stand-in: strictly one request, one response, each one line of JSON in UTF-8.
 *
 * <p>A request that runs out of time leaves its response owed: it is read and thrown away before the next one's, so the
 * connection stays usable after ORA-01013, as ojdbc's does. What the late request did at the database stays done, and a
 * cursor that it opened stays open until the connection ends.
 */
final class Wire {
    /** How Oracle Database 19c words ORA-01013 (Database Error Messages). */
    private static final String CANCELLED = "ORA-01013: user requested cancel of current operation";

    private final Socket socket;
    private byte[] buffer = new byte[1 << 16];
    private int from;
    private int upto;
    private int owed;
    private volatile boolean closed;
    private volatile boolean busy;

    private Wire(Socket socket) {
        this.socket = socket;
    }

    /** Raises IOException if nobody listens there. {@code milliseconds} 0 waits as long as the kernel does. */
    static Wire open(Address.Host host, int milliseconds) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            socket.connect(new InetSocketAddress(InetAddress.getByName(host.name()), host.port()), milliseconds);
            return new Wire(socket);
        } catch (IOException unreachable) {
            socket.close();
            throw unreachable;
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** A request is under way in another thread. */
    boolean isBusy() {
        return busy;
    }

    /** Closes without a word; a request under way ends with ORA-17002. */
    void close() {
        closed = true;
        try {
            socket.close();
        } catch (IOException ignored) {
            // It is closed either way.
        }
    }

    /**
     * Sends a request and reads its response; {@code seconds} 0 waits for ever.
     *
     * <p>Raises what the database answered instead, ORA-01013 when the time is over, ORA-17002 when the connection broke
     * (it is closed then), ORA-17008 when it is closed.
     */
    synchronized Map<String, Object> ask(Map<String, ?> request, long seconds) throws SQLException {
        if (closed) {
            throw Errors.ofDriver(Errors.CLOSED_CONNECTION);
        }
        busy = true;
        try {
            byte[] line = (Json.write(request) + "\n").getBytes(StandardCharsets.UTF_8);
            socket.getOutputStream().write(line);
            long deadline = seconds == 0 ? 0 : System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            Map<String, Object> response = response(deadline);
            if (response.get("error") instanceof Long code) {
                if (Errors.closesConnection(code.intValue())) {
                    close();
                }
                throw Errors.ofDatabase(code.intValue(), String.valueOf(response.get("text")));
            }
            return response;
        } catch (SocketTimeoutException late) {
            owed++;
            throw Errors.ofDatabase(1013, CANCELLED);
        } catch (IOException broken) {
            close();
            throw Errors.ofNetwork(broken);
        } finally {
            busy = false;
        }
    }

    private Map<String, Object> response(long deadline) throws IOException {
        for (; owed > 0; owed--) {
            line(deadline);
        }
        return line(deadline);
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> line(long deadline) throws IOException {
        int searched = from;
        while (true) {
            for (; searched < upto; searched++) {
                if (buffer[searched] == '\n') {
                    return (Map<String, Object>) taken(searched);
                }
            }
            searched -= more(deadline);
        }
    }

    private Object taken(int end) throws IOException {
        try {
            byte[] text = from == 0 ? buffer : Arrays.copyOfRange(buffer, from, end);
            Object value = Json.read(text, end - from);
            if (!(value instanceof Map)) {
                throw new IllegalArgumentException("no object");
            }
            return value;
        } catch (IllegalArgumentException broken) {
            throw new IOException("the stand-in's answer cannot be read: " + broken.getMessage(), broken);
        } finally {
            from = end + 1;
            if (from == upto) {
                from = 0;
                upto = 0;
            }
        }
    }

    /** Reads on; returns by how many bytes what was there has moved to the front. */
    private int more(long deadline) throws IOException {
        int moved = 0;
        if (upto == buffer.length) {
            moved = from;
            byte[] roomy = from == 0 ? new byte[buffer.length * 2] : buffer;
            System.arraycopy(buffer, from, roomy, 0, upto - from);
            buffer = roomy;
            upto -= from;
            from = 0;
        }
        socket.setSoTimeout(milliseconds(deadline));
        int count = socket.getInputStream().read(buffer, upto, buffer.length - upto);
        if (count < 0) {
            throw new EOFException("the database closed the connection");
        }
        upto += count;
        return moved;
    }

    private static int milliseconds(long deadline) throws SocketTimeoutException {
        if (deadline == 0) {
            return 0;
        }
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
            throw new SocketTimeoutException();
        }
        return (int) Math.min(left + 1, Integer.MAX_VALUE);
    }
}
