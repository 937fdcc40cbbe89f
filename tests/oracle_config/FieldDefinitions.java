import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.config.Field;
import io.debezium.connector.oracle.OracleConnectorConfig;
import io.debezium.pipeline.notification.channels.SinkNotificationChannel;
import io.debezium.pipeline.signal.channels.KafkaSignalChannel;
import io.debezium.relational.RelationalDatabaseConnectorConfig;
import io.debezium.relational.TableId;
import io.debezium.schema.AbstractTopicNamingStrategy;
import io.debezium.spi.topic.TopicNamingStrategy;
import io.debezium.storage.kafka.history.KafkaSchemaHistory;
import java.io.PrintStream;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;

/**
 * Judges connector configs by the definitions that the shipped jars carry, without a network.
 *
 * Reads {"tables": [[schema, table], ...], "configs": {case: {key: value}}} from standard input and writes
 * {"fields": {set: {key: definition}}, "results": {case: {errors, unknown, captured, topics}}} to standard
 * output. Run by the JDK's source launcher; its class path is that of the worker plus the plugin.
 */
public final class FieldDefinitions {

    /** Before anything else: loggers write to standard output, where only the answer belongs. */
    private static final PrintStream ANSWER = divertLogs();
    private static final String ORACLE = "io.debezium.connector.oracle.OracleConnector";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Connect's own keys, with those that it adds for the creation of topics. */
    private static final ConfigDef CONNECT =
            SourceConnectorConfig.embedDefaultGroup(SourceConnectorConfig.configDef());

    public record Question(List<List<String>> tables, Map<String, Map<String, String>> configs) {
    }

    public record Result(
            Map<String, List<String>> errors,
            Set<String> unknown,
            List<String> captured,
            Map<String, String> topics) {
    }

    /** A prefix under which keys go to somebody else, who knows them by their rest. */
    private record PassThrough(String prefix, ConfigDef definition, Set<String> names) {
    }

    public static void main(String[] arguments) throws Exception {
        Question question = JSON.readValue(System.in, new TypeReference<Question>() { });
        Map<String, Object> fields = new TreeMap<>();
        fields.put("oracle", described(OracleConnectorConfig.ALL_FIELDS));
        fields.put("schema_history", described(KafkaSchemaHistory.ALL_FIELDS));
        fields.put("signal", described(signalFields()));
        fields.put("topic_names", described(topicNameFields()));
        fields.put("connect", new TreeSet<>(CONNECT.names()));
        Map<String, Result> results = new LinkedHashMap<>();
        for (Map.Entry<String, Map<String, String>> entry : question.configs().entrySet()) {
            results.put(entry.getKey(), judge(entry.getValue(), question.tables()));
        }
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(ANSWER, Map.of("fields", fields, "results", results));
    }

    private static PrintStream divertLogs() {
        PrintStream out = System.out;
        System.setOut(System.err);
        return out;
    }

    private static Result judge(Map<String, String> values, List<List<String>> tables) throws Exception {
        Map<String, List<String>> errors = new TreeMap<>();
        Set<String> unknown = new TreeSet<>(values.keySet());
        if (!ORACLE.equals(values.get("connector.class"))) {
            note(errors, "connector.class", "is not the shipped connector");
            return new Result(errors, unknown, List.of(), Map.of());
        }
        Configuration config = Configuration.from(values);
        for (Field.Set set : fieldSets(values)) {
            judgeSet(set, config, errors);
            unknown.removeAll(set.allFieldNames());
        }
        OracleConnectorConfig.configDef().configKeys().forEach((name, key) -> {
            if (values.containsKey(name)) {
                judgeType(key, name, values.get(name), errors);
            }
        });
        judgeByConnect(values, errors, unknown);
        List<PassThrough> others = passThroughs();
        others.addAll(transformations(values, errors));
        others.addAll(converters(values, errors));
        for (PassThrough through : others) {
            judgePassedThrough(through, values, errors, unknown);
        }
        if (!errors.isEmpty()) {
            return new Result(errors, unknown, List.of(), Map.of());
        }
        // The object that the connector makes of its config at start; it reads it, it connects nowhere.
        RelationalDatabaseConnectorConfig made = new OracleConnectorConfig(config);
        return new Result(errors, unknown, captured(made, tables), topics(made));
    }

    /**
     * As the connector's task does at its start, and every given key on its own besides: what depends on an
     * adapter is otherwise looked at only for that adapter. Some validators count an error and only log it;
     * they are believed by their answer.
     */
    private static void judgeSet(Field.Set set, Configuration config, Map<String, List<String>> errors) {
        config.validate(set, (field, value, message) -> note(errors, field.name(), describe(value, message)));
        for (Field field : set) {
            boolean valid = !config.hasKey(field.name()) || field.validate(config, (refused, value, message) -> {
                note(errors, refused.name(), describe(value, message));
            });
            if (!valid && !errors.containsKey(field.name())) {
                note(errors, field.name(), "is refused by its validator, without words");
            }
        }
    }

    private static String describe(Object value, String message) {
        return "'" + value + "': " + message;
    }

    private static List<Field.Set> fieldSets(Map<String, String> values) throws Exception {
        List<Field.Set> sets = new ArrayList<>();
        sets.add(topicNameFields());
        // The connector obeys it (the constructor of CommonConnectorConfig reads it), and it is not in its list.
        sets.add(Field.setOf(CommonConnectorConfig.EVENT_CONVERTING_FAILURE_HANDLING_MODE));
        // The key is documented for Oracle and obeyed (RelationalTableFilters, AbstractLogMinerQueryBuilder), but
        // OracleConnectorConfig leaves it out of its own list: its parent's definition judges it here.
        sets.add(OracleConnectorConfig.ALL_FIELDS.with(RelationalDatabaseConnectorConfig.SCHEMA_INCLUDE_LIST));
        sets.add(KafkaSchemaHistory.ALL_FIELDS);
        if (values.getOrDefault("signal.enabled.channels", "").contains("kafka")) {
            sets.add(signalFields());
        }
        if (values.getOrDefault("notification.enabled.channels", "").contains("sink")) {
            sets.add(Field.setOf(SinkNotificationChannel.NOTIFICATION_TOPIC));
        }
        return sets;
    }

    /** The channel keeps its list to itself; it validates by it when the connector starts. */
    private static Field.Set signalFields() throws ReflectiveOperationException {
        java.lang.reflect.Field list = KafkaSignalChannel.class.getDeclaredField("ALL_FIELDS");
        list.setAccessible(true);
        return (Field.Set) list.get(null);
    }

    /** The naming strategy has no list; its definitions are public constants. */
    private static Field.Set topicNameFields() throws ReflectiveOperationException {
        List<Field> found = new ArrayList<>();
        for (java.lang.reflect.Field constant : AbstractTopicNamingStrategy.class.getDeclaredFields()) {
            if (Modifier.isStatic(constant.getModifiers()) && constant.getType() == Field.class) {
                constant.setAccessible(true);
                found.add((Field) constant.get(null));
            }
        }
        return Field.setOf(found);
    }

    private static void judgeByConnect(
            Map<String, String> values, Map<String, List<String>> errors, Set<String> unknown) {
        boolean createsTopics = values.keySet().stream()
                .anyMatch(key -> key.startsWith(SourceConnectorConfig.TOPIC_CREATION_PREFIX));
        CONNECT.configKeys().forEach((name, key) -> {
            if (values.containsKey(name)) {
                judgeValue(key, name, values.get(name), errors);
                unknown.remove(name);
            }
            else if (createsTopics && name.startsWith(SourceConnectorConfig.TOPIC_CREATION_PREFIX)
                    && key.defaultValue == ConfigDef.NO_DEFAULT_VALUE) {
                note(errors, name, "is mandatory as soon as one key of " + name + "'s family is set");
            }
        });
    }

    private static List<PassThrough> passThroughs() throws ReflectiveOperationException {
        ConfigDef producer = ProducerConfig.configDef();
        ConfigDef consumer = ConsumerConfig.configDef();
        List<PassThrough> found = new ArrayList<>();
        found.add(new PassThrough("signal.consumer.", consumer, consumer.names()));
        found.add(new PassThrough("schema.history.internal.producer.", producer, producer.names()));
        found.add(new PassThrough("schema.history.internal.consumer.", consumer, consumer.names()));
        found.add(new PassThrough("driver.", null, oracleDriverProperties()));
        return found;
    }

    /** The transformations that a config names; one whose class is not shipped is an error of its own. */
    private static List<PassThrough> transformations(Map<String, String> values, Map<String, List<String>> errors) {
        List<PassThrough> found = new ArrayList<>();
        for (String alias : values.getOrDefault("transforms", "").split(",")) {
            String prefix = "transforms." + alias + ".";
            String type = values.get(prefix + "type");
            if (type == null) {
                continue;
            }
            try {
                ConfigDef own = ((org.apache.kafka.connect.transforms.Transformation<?>)
                        Class.forName(type).getDeclaredConstructor().newInstance()).config();
                ConfigDef definition = new ConfigDef(own).define(
                        "type", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "The class.");
                found.add(new PassThrough(prefix, definition, definition.names()));
                own.configKeys().forEach((name, key) -> {
                    if (key.defaultValue == ConfigDef.NO_DEFAULT_VALUE && !values.containsKey(prefix + name)) {
                        note(errors, prefix + name, "is mandatory");
                    }
                });
            }
            catch (ReflectiveOperationException | ClassCastException missing) {
                note(errors, prefix + "type", type + " is no transformation that ships");
            }
        }
        return found;
    }

    /** The converters that a config names, which read the keys below their own. */
    private static List<PassThrough> converters(Map<String, String> values, Map<String, List<String>> errors) {
        List<PassThrough> found = new ArrayList<>();
        for (String key : List.of("key.converter", "value.converter")) {
            String type = values.get(key);
            if (type == null) {
                continue;
            }
            try {
                ConfigDef definition = ((org.apache.kafka.connect.storage.Converter)
                        Class.forName(type).getDeclaredConstructor().newInstance()).config();
                found.add(new PassThrough(key + ".", definition, definition.names()));
            }
            catch (ReflectiveOperationException | ClassCastException missing) {
                note(errors, key, type + " is no converter that ships");
            }
        }
        return found;
    }

    /** Every connection property that Oracle's driver declares. */
    private static Set<String> oracleDriverProperties() throws ReflectiveOperationException {
        Set<String> names = new TreeSet<>();
        for (java.lang.reflect.Field constant : oracle.jdbc.OracleConnection.class.getFields()) {
            // Each has a sibling …_DEFAULT, which is a value (or null), not a name.
            boolean name = constant.getName().startsWith("CONNECTION_PROPERTY_")
                    && !constant.getName().endsWith("_DEFAULT")
                    && constant.getType() == String.class;
            if (name && constant.get(null) != null) {
                names.add((String) constant.get(null));
            }
        }
        return names;
    }

    private static void judgePassedThrough(
            PassThrough through,
            Map<String, String> values,
            Map<String, List<String>> errors,
            Set<String> unknown) {
        Map<String, String> rest = new TreeMap<>();
        values.forEach((key, value) -> {
            if (key.startsWith(through.prefix())) {
                rest.put(key.substring(through.prefix().length()), value);
            }
        });
        rest.forEach((name, value) -> {
            if (!through.names().contains(name)) {
                return;
            }
            unknown.remove(through.prefix() + name);
            if (through.definition() != null) {
                ConfigDef.ConfigKey key = through.definition().configKeys().get(name);
                judgeValue(key, through.prefix() + name, value, errors);
            }
        });
        judgeLogin(through.prefix(), rest, errors);
    }

    /** A login that Kafka's client could not begin: an entry it cannot read, or a class that is not shipped. */
    private static void judgeLogin(
            String prefix, Map<String, String> client, Map<String, List<String>> errors) {
        String protocol = client.getOrDefault("security.protocol", "PLAINTEXT");
        String jaas = client.get("sasl.jaas.config");
        if (protocol.startsWith("SASL_") != (jaas != null)) {
            note(errors, prefix + "security.protocol", protocol + " does not fit the presence of sasl.jaas.config");
        }
        if (jaas == null) {
            return;
        }
        try {
            Map<String, Object> configs = new HashMap<>(client);
            configs.put("sasl.jaas.config", new Password(jaas));
            String module =
                    JaasContext.loadClientContext(configs).configurationEntries().get(0).getLoginModuleName();
            Class.forName(module);
        }
        catch (ClassNotFoundException | RuntimeException error) {
            note(errors, prefix + "sasl.jaas.config", error.toString());
        }
    }

    private static void judgeType(
            ConfigDef.ConfigKey key, String name, String value, Map<String, List<String>> errors) {
        try {
            ConfigDef.parseType(name, value, key.type);
        }
        catch (ConfigException error) {
            note(errors, name, error.getMessage());
        }
    }

    private static void judgeValue(
            ConfigDef.ConfigKey key, String name, String value, Map<String, List<String>> errors) {
        try {
            Object parsed = ConfigDef.parseType(name, value, key.type);
            if (key.validator != null) {
                key.validator.ensureValid(name, parsed);
            }
        }
        catch (ConfigException error) {
            note(errors, name, error.getMessage());
        }
    }

    private static List<String> captured(
            RelationalDatabaseConnectorConfig made, List<List<String>> tables) {
        List<String> found = new ArrayList<>();
        for (List<String> table : tables) {
            TableId id = new TableId("SOMEDB", table.get(0), table.get(1));
            if (made.getTableFilters().dataCollectionFilter().isIncluded(id)) {
                found.add(String.join(".", table));
            }
        }
        return found;
    }

    private static Map<String, String> topics(RelationalDatabaseConnectorConfig made) {
        @SuppressWarnings("unchecked")
        TopicNamingStrategy<TableId> names =
                made.getTopicNamingStrategy(CommonConnectorConfig.TOPIC_NAMING_STRATEGY);
        return new TreeMap<>(Map.of(
                "data", names.dataChangeTopic(new TableId("SOMEDB", "WMS", "PLAN_BASE_WVR_TBL")),
                "schema_change", names.schemaChangeTopic(),
                "heartbeat", names.heartbeatTopic(),
                "transaction", names.transactionTopic()));
    }

    private static Map<String, Map<String, Object>> described(Field.Set set) {
        Map<String, Map<String, Object>> found = new TreeMap<>();
        for (Field field : set) {
            Map<String, Object> definition = new LinkedHashMap<>();
            definition.put("type", String.valueOf(field.type()));
            definition.put("default", field.defaultValueAsString());
            definition.put("required", field.isRequired());
            definition.put("aliases", new TreeSet<>(field.deprecatedAliases()));
            found.put(field.name(), definition);
        }
        return found;
    }

    private static void note(Map<String, List<String>> errors, String key, String message) {
        List<String> messages = errors.computeIfAbsent(key, any -> new ArrayList<>());
        if (!messages.contains(message)) {
            messages.add(message);
        }
    }
}
