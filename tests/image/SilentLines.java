import io.debezium.connector.oracle.antlr.OracleDdlParser;
import io.debezium.pipeline.spi.OffsetContext;
import io.debezium.pipeline.spi.Partition;
import io.debezium.relational.Column;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.Tables;
import io.debezium.relational.ddl.DdlParserListener;
import io.debezium.schema.SchemaChangeEvent;
import io.debezium.schema.SchemaChangeEvent.SchemaChangeEventType;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Parses each DDL statement of standard input with the shipped parser, and writes to the log, with the image's
 * configuration, what Debezium's classes would write about its events. There is no Oracle here.
 */
public class SilentLines {
    static final String PACKAGE = "io.debezium.connector.oracle.";
    static final TableId TABLE = new TableId("WMSPDB1", "WMS", "PLAN_BASE_WVR_TBL");

    public static void main(String[] arguments) throws Exception {
        MDC.put("connector.context", "[wms-oracle-cdc|task-0] ");
        Logger buffered = logger("logminer.buffered.BufferedLogMinerStreamingChangeEventSource");
        Logger schema = logger("OracleDatabaseSchema");
        // What must not pass: anything else at DEBUG. What must: everything from INFO on.
        buffered.debug("Transaction {} was rolled back.", "noise");
        schema.debug("Table lookup for object {} resolved to '{}'", 1, "noise");
        schema.debug("Recorded DDL statements for database '{}': {}", "noise", "drop table noise");
        buffered.warn("kept at WARN");
        schema.info("kept at INFO");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String ddl = input.readLine(); ddl != null; ddl = input.readLine()) {
            for (DdlParserListener.EventType type : types(ddl)) {
                switch (type) {
                    case TRUNCATE_TABLE ->
                        buffered.debug("Dispatching TRUNCATE event for table '{}' with SCN {}", TABLE, 2000123);
                    case DROP_TABLE -> apply(schema, SchemaChangeEventType.DROP, ddl);
                    case CREATE_TABLE -> apply(schema, SchemaChangeEventType.CREATE, ddl);
                    default -> apply(schema, SchemaChangeEventType.ALTER, ddl);
                }
            }
            System.out.println("--");
        }
    }

    static Logger logger(String name) throws ClassNotFoundException {
        return LoggerFactory.getLogger(Class.forName(PACKAGE + name, false, SilentLines.class.getClassLoader()));
    }

    static java.util.List<DdlParserListener.EventType> types(String ddl) {
        Tables tables = new Tables();
        tables.overwriteTable(table());
        OracleDdlParser parser = new OracleDdlParser(
                null, Tables.TableFilter.fromPredicate(id -> id.table().startsWith("PLAN_")));
        parser.setCurrentDatabase(TABLE.catalog());
        parser.setCurrentSchema(TABLE.schema());
        java.util.List<DdlParserListener.EventType> found = new java.util.ArrayList<>();
        parser.parse(ddl, tables)
                .getEventsByDatabase((database, events) -> events.forEach(event -> found.add(event.type())));
        return found;
    }

    static Table table() {
        return Table.editor().tableId(TABLE)
                .addColumn(Column.editor().name("ID").type("NUMBER").jdbcType(2).length(12).create())
                .addColumn(Column.editor().name("STATE_CD").type("VARCHAR2").jdbcType(12).length(2).create())
                .setPrimaryKeyNames("ID").create();
    }

    static void apply(Logger log, SchemaChangeEventType type, String ddl) {
        Partition partition = () -> Map.of();
        Struct source = new Struct(SchemaBuilder.struct().build());
        OffsetContext offset = (OffsetContext) Proxy.newProxyInstance(
                SilentLines.class.getClassLoader(), new Class<?>[]{ OffsetContext.class },
                (proxy, method, given) -> method.getReturnType() == Struct.class ? source : Map.of());
        log.debug("Applying schema change event {}", SchemaChangeEvent.of(
                type, partition, offset, TABLE.catalog(), TABLE.schema(), ddl, table(), false));
    }
}
