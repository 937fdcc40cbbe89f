package io.confluent.connect.jdbc;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/**
 * A stand-in for Confluent's JDBC source connector, for tests of how a stage is switched to its kind and back.
 *
 * <p>It has the other's class name, its settings with type, default and allowed values (documented at
 * docs.confluent.io/kafka-connectors/jdbc/current/source-connector/source_config_options.html), its way to name a
 * topic (prefix and table), the form of its offsets, and it opens a connection when its config is validated, as
 * the other does to list the tables. It reads no table: each task writes one made-up row for each table, and
 * another at every start. What the real one does with a database it cannot show.
 */
public final class JdbcSourceConnector extends SourceConnector {
    private static final String NONE = null;
    private Map<String, String> settings = Map.of();

    @Override
    public String version() {
        return "stand-in";
    }

    @Override
    public void start(Map<String, String> given) {
        settings = given;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return OneRow.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return List.of(settings);
    }

    @Override
    public void stop() {}

    @Override
    public ConfigDef config() {
        ConfigDef found = new ConfigDef();
        found.define("connection.url", Type.STRING, Importance.HIGH, "");
        found.define("connection.user", Type.STRING, NONE, Importance.HIGH, "");
        found.define("connection.password", Type.PASSWORD, null, Importance.HIGH, "");
        found.define("connection.attempts", Type.INT, 3, ConfigDef.Range.atLeast(1), Importance.LOW, "");
        found.define("connection.backoff.ms", Type.LONG, 10000L, Importance.LOW, "");
        found.define("table.whitelist", Type.LIST, "", Importance.MEDIUM, "", null, -1, ConfigDef.Width.LONG, "",
            List.of(), new Tables());
        found.define("table.blacklist", Type.LIST, "", Importance.MEDIUM, "");
        found.define("catalog.pattern", Type.STRING, NONE, Importance.MEDIUM, "");
        found.define("schema.pattern", Type.STRING, NONE, Importance.HIGH, "");
        found.define("numeric.precision.mapping", Type.BOOLEAN, false, Importance.LOW, "");
        found.define("numeric.mapping", Type.STRING, NONE, Importance.LOW, "");
        found.define("dialect.name", Type.STRING, "", Importance.LOW, "");
        found.define("mode", Type.STRING, "",
            ConfigDef.ValidString.in("", "bulk", "timestamp", "incrementing", "timestamp+incrementing"),
            Importance.HIGH, "");
        found.define("incrementing.column.name", Type.STRING, "", Importance.MEDIUM, "");
        found.define("timestamp.column.name", Type.LIST, "", Importance.MEDIUM, "");
        found.define("validate.non.null", Type.BOOLEAN, true, Importance.LOW, "");
        found.define("query", Type.STRING, "", Importance.MEDIUM, "");
        found.define("quote.sql.identifiers", Type.STRING, "ALWAYS", Importance.MEDIUM, "");
        found.define("table.types", Type.LIST, "TABLE", Importance.LOW, "");
        found.define("poll.interval.ms", Type.INT, 5000, Importance.HIGH, "");
        found.define("batch.max.rows", Type.INT, 100, Importance.LOW, "");
        found.define("table.poll.interval.ms", Type.LONG, 60000L, Importance.LOW, "");
        found.define("topic.prefix", Type.STRING, Importance.HIGH, "");
        found.define("timestamp.delay.interval.ms", Type.LONG, 0L, Importance.HIGH, "");
        found.define("db.timezone", Type.STRING, "UTC", Importance.MEDIUM, "");
        return found;
    }

    /** Opens a connection with what the config says; what is not a setting above goes to the driver. */
    private static final class Tables implements ConfigDef.Recommender {
        @Override
        public List<Object> validValues(String name, Map<String, Object> config) {
            String url = String.valueOf(config.get("connection.url"));
            Properties login = new Properties();
            login.setProperty("user", String.valueOf(config.get("connection.user")));
            Password password = (Password) config.get("connection.password");
            login.setProperty("password", password == null ? "" : password.value());
            try (Connection made = DriverManager.getConnection(url, login)) {
                return new ArrayList<>();
            } catch (SQLException error) {
                throw new ConfigException("Couldn't open connection to " + url + ": " + error.getMessage());
            }
        }

        @Override
        public boolean visible(String name, Map<String, Object> config) {
            return true;
        }
    }

    /** Writes one row for each table, then waits. */
    public static final class OneRow extends SourceTask {
        private static final Schema ROW = SchemaBuilder.struct()
            .field("PLAN_BASE_WVR_ID", Decimal.schema(0))
            .field("WVR_TTL_TXT", Schema.OPTIONAL_STRING_SCHEMA)
            .field("SYS_ADD_TS", Timestamp.SCHEMA)
            .build();
        private final CountDownLatch ended = new CountDownLatch(1);
        private Map<String, String> settings = Map.of();
        private boolean written;

        @Override
        public String version() {
            return "stand-in";
        }

        @Override
        public void start(Map<String, String> given) {
            settings = given;
        }

        @Override
        public List<SourceRecord> poll() throws InterruptedException {
            if (written) {
                ended.await(Long.parseLong(settings.get("poll.interval.ms")), TimeUnit.MILLISECONDS);
                return null;
            }
            written = true;
            List<SourceRecord> rows = new ArrayList<>();
            for (String table : settings.get("table.whitelist").split(",")) {
                rows.add(row(table, new java.util.Date()));
            }
            return rows;
        }

        private SourceRecord row(String table, java.util.Date now) {
            Struct row = new Struct(ROW)
                .put("PLAN_BASE_WVR_ID", new java.math.BigDecimal(1))
                .put("WVR_TTL_TXT", null)
                .put("SYS_ADD_TS", now);
            Map<String, String> partition = new HashMap<>();
            partition.put("protocol", "1");
            partition.put("table", table);
            Map<String, Object> offset = new HashMap<>();
            offset.put("timestamp", now.getTime());
            offset.put("timestamp_nanos", now.getTime() % 1000 * 1_000_000);
            String topic = settings.get("topic.prefix") + table.substring(table.indexOf('.') + 1);
            return new SourceRecord(partition, offset, topic, null, null, ROW, row);
        }

        @Override
        public void stop() {
            ended.countDown();
        }
    }
}
