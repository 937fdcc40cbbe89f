package wms.local;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kafka's own authorizer for users; the policies of its role, as on MSK, for whoever logged in with IAM.
 *
 * <p>Which action an operation needs: Amazon MSK developer guide, "Semantics of IAM authorization policy actions
 * and resources". Nothing implies anything there: Describe is asked for besides Read and Write.
 */
public final class IamAuthorizer extends StandardAuthorizer {
    private static final Logger LOG = LoggerFactory.getLogger("kafka.authorizer.logger");
    /** How long an answer is good, in nanoseconds; the brokers ask for every request. */
    private static final long KEPT = 5_000_000_000L;

    private static final Map<ResourceType, Map<AclOperation, String>> ACTIONS = Map.of(
            ResourceType.TOPIC, Map.of(
                    AclOperation.READ, "ReadData",
                    AclOperation.WRITE, "WriteData",
                    AclOperation.CREATE, "CreateTopic",
                    AclOperation.DELETE, "DeleteTopic",
                    AclOperation.ALTER, "AlterTopic",
                    AclOperation.DESCRIBE, "DescribeTopic",
                    AclOperation.DESCRIBE_CONFIGS, "DescribeTopicDynamicConfiguration",
                    AclOperation.ALTER_CONFIGS, "AlterTopicDynamicConfiguration"),
            ResourceType.GROUP, Map.of(
                    AclOperation.READ, "AlterGroup",
                    AclOperation.DESCRIBE, "DescribeGroup",
                    AclOperation.DELETE, "DeleteGroup"),
            ResourceType.TRANSACTIONAL_ID, Map.of(
                    AclOperation.WRITE, "AlterTransactionalId",
                    AclOperation.DESCRIBE, "DescribeTransactionalId"),
            ResourceType.CLUSTER, Map.of(
                    AclOperation.DESCRIBE, "DescribeCluster",
                    AclOperation.ALTER, "AlterCluster",
                    AclOperation.DESCRIBE_CONFIGS, "DescribeClusterDynamicConfiguration",
                    AclOperation.ALTER_CONFIGS, "AlterClusterDynamicConfiguration",
                    AclOperation.IDEMPOTENT_WRITE, "WriteDataIdempotently"));

    private record Question(String principal, String action, String resource) {
    }

    private record Known(boolean allowed, long until) {
    }

    private final Map<Question, Known> known = new ConcurrentHashMap<>();

    @Override
    public List<AuthorizationResult> authorize(AuthorizableRequestContext context, List<Action> actions) {
        String name = context.principal().getName();
        if (!name.startsWith("arn:")) {
            return super.authorize(context, actions);
        }
        return actions.stream().map(action -> decide(name, action)).toList();
    }

    @Override
    public AuthorizationResult authorizeByResourceType(
            AuthorizableRequestContext context, AclOperation operation, ResourceType type) {
        String name = context.principal().getName();
        if (!name.startsWith("arn:")) {
            return super.authorizeByResourceType(context, operation, type);
        }
        // Asked by brokers where one right on any topic implies a right on the cluster; IAM implies nothing.
        return AuthorizationResult.DENIED;
    }

    private AuthorizationResult decide(String principal, Action action) {
        ResourceType type = action.resourcePattern().resourceType();
        String needed = ACTIONS.getOrDefault(type, Map.of()).get(action.operation());
        String resource = arn(type, action.resourcePattern().name());
        boolean allowed = needed != null && ask(new Question(principal, "kafka-cluster:" + needed, resource));
        String line = String.format("Principal = User:%s is %s operation = %s (%s) on resource = %s:%s", principal,
                allowed ? "Allowed" : "Denied", action.operation(), needed, type, action.resourcePattern().name());
        // As Kafka's own: a refusal that the client asked about, and does not notice, is no event.
        if (!allowed && action.logIfDenied()) {
            LOG.info(line);
        } else {
            LOG.debug(line);
        }
        return allowed ? AuthorizationResult.ALLOWED : AuthorizationResult.DENIED;
    }

    /** `arn:…:cluster/name/id` is the cluster's, `arn:…:topic/name/id/topic` that of what it holds. */
    private static String arn(ResourceType type, String name) {
        String cluster = System.getProperty("wms.msk.cluster");
        String kind = type.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        return type == ResourceType.CLUSTER ? cluster : cluster.replace(":cluster/", ":" + kind + "/") + "/" + name;
    }

    private boolean ask(Question question) {
        long now = System.nanoTime();
        Known found = known.get(question);
        if (found == null || found.until() - now < 0) {
            found = new Known(allowed(question), now + KEPT);
            known.put(question, found);
        }
        return found.allowed();
    }

    private static boolean allowed(Question question) {
        String body = String.format("{\"principal\":\"%s\",\"action\":\"%s\",\"resource\":\"%s\"}",
                question.principal(), question.action(), question.resource());
        try {
            return Iam.ask("/authorize", body).status() == 200;
        } catch (IOException error) {
            LOG.warn("IAM does not answer, so nothing is allowed", error);
            return false;
        }
    }
}
