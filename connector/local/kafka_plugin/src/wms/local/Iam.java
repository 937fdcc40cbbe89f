package wms.local;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The embedded AWS, as far as a broker asks it. Its address is in a file, for it may be started again elsewhere. */
final class Iam {
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private Iam() {
    }

    /** An answer: its status and its text. */
    record Answer(int status, String text) {
    }

    /** Raises IOException where the embedded AWS does not answer. */
    static Answer ask(String path, String body) throws IOException {
        String address = Files.readString(Path.of(System.getProperty("wms.iam.address.file"))).strip();
        HttpRequest request = HttpRequest.newBuilder(URI.create(address + path))
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking the embedded AWS", error);
        }
    }
}
