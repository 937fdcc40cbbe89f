import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The worker's Kafka client, doing one thing for each line of standard input and answering one line: `ok`, or
 * `thrown` and the trace. The argument is a file of client settings.
 */
public class Rights {
    private static final Duration WAIT = Duration.ofSeconds(20);

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(arguments[0]))) {
            settings.load(file);
        }
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split("\t");
            try {
                run(settings, words[0], words[1]);
                System.out.println("ok");
            } catch (Throwable error) {
                StringWriter trace = new StringWriter();
                error.printStackTrace(new PrintWriter(trace));
                System.out.println("thrown " + trace.toString().replaceAll("\\s*[\\r\\n]+\\s*", " | "));
            }
            System.out.flush();
        }
    }

    private static void run(Properties settings, String what, String name) throws Exception {
        switch (what) {
            case "create" -> {
                try (Admin admin = Admin.create(settings)) {
                    NewTopic topic = new NewTopic(name, 1, (short) 1).configs(Map.of("cleanup.policy", "compact"));
                    admin.createTopics(List.of(topic)).all().get();
                }
            }
            case "write" -> {
                try (KafkaProducer<byte[], byte[]> producer = producer(settings, Map.of())) {
                    producer.send(new ProducerRecord<>(name, new byte[] {1}, new byte[] {2})).get();
                }
            }
            case "transaction" -> {
                try (KafkaProducer<byte[], byte[]> producer = producer(settings, Map.of("transactional.id", name))) {
                    producer.initTransactions();
                }
            }
            case "read" -> {
                try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, Map.of())) {
                    TopicPartition partition = new TopicPartition(name, 0);
                    consumer.assign(List.of(partition));
                    consumer.seekToBeginning(List.of(partition));
                    long end = System.nanoTime() + WAIT.toNanos();
                    while (consumer.poll(Duration.ofMillis(100)).isEmpty() && System.nanoTime() < end) {
                        // A refusal is thrown by the poll that learns of it.
                    }
                }
            }
            case "join" -> {
                try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, Map.of("group.id", name))) {
                    consumer.subscribe(List.of(name + "-nothing"));
                    long end = System.nanoTime() + WAIT.toNanos();
                    while (consumer.groupMetadata().memberId().isEmpty() && System.nanoTime() < end) {
                        consumer.poll(Duration.ofMillis(100));
                    }
                }
            }
            default -> throw new IllegalArgumentException(what);
        }
    }

    private static KafkaProducer<byte[], byte[]> producer(Properties settings, Map<String, String> more) {
        Properties all = with(settings, more);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Properties settings, Map<String, String> more) {
        Properties all = with(settings, more);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static Properties with(Properties settings, Map<String, String> more) {
        Properties all = new Properties();
        all.putAll(settings);
        all.putAll(more);
        return all;
    }
}
