"""The part of the fake account that says which names are taken, by a stack or by something else."""

from collections.abc import Mapping
from typing import Any

from tests.support.aws_answers import page, refuse


class TakenNames:
    """Answers the calls that look a name up, each as its service does."""

    #: Type of resource -> names that something has.
    names: dict[str, set[str]]
    #: Service name -> description; task definition's ARN -> description.
    services: dict[str, dict[str, Any]]
    task_definitions: dict[str, dict[str, Any]]

    def _ecs_describe_services(self, kwargs: Mapping[str, Any]) -> Any:
        found = [self.services[name] for name in kwargs["services"] if name in self.services]
        return {"services": [service for service in found if service["clusterArn"] == kwargs["cluster"]]}

    def _ecs_describe_task_definition(self, kwargs: Mapping[str, Any]) -> Any:
        return {"taskDefinition": self.task_definitions[kwargs["taskDefinition"]]}

    def _cloudwatch_list_dashboards(self, kwargs: Mapping[str, Any]) -> Any:
        prefix = kwargs["DashboardNamePrefix"]
        found = [n for n in sorted(self.has("AWS::CloudWatch::Dashboard")) if n.startswith(prefix)]
        return page("DashboardEntries", [{"DashboardName": name} for name in found], kwargs)

    def _logs_describe_log_groups(self, kwargs: Mapping[str, Any]) -> Any:
        prefix = kwargs["logGroupNamePrefix"]
        found = [n for n in sorted(self.has("AWS::Logs::LogGroup")) if n.startswith(prefix)]
        return page("logGroups", [{"logGroupName": name} for name in found], kwargs, "nextToken")

    def _ecs_describe_clusters(self, kwargs: Mapping[str, Any]) -> Any:
        found = self.has("AWS::ECS::Cluster") & {*kwargs["clusters"]}
        gone = [{"clusterName": name, "status": "INACTIVE"} for name in kwargs["clusters"]]
        return {"clusters": [*gone, *({"clusterName": name, "status": "ACTIVE"} for name in found)]}

    def _ec2_describe_security_groups(self, kwargs: Mapping[str, Any]) -> Any:
        """All of them, as not every AWS filters."""
        vpc = kwargs["Filters"][0]["Values"][0]
        found = [{"GroupName": name, "VpcId": vpc} for name in sorted(self.has("AWS::EC2::SecurityGroup"))]
        return page("SecurityGroups", [{"GroupName": "default", "VpcId": "vpc-other"}, *found], kwargs)

    def _sns_get_topic_attributes(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["TopicArn"].rpartition(":")[2]
        return self.found("AWS::SNS::Topic", name, {"Attributes": {}}, "GetTopicAttributes", "NotFound")

    def _sqs_get_queue_url(self, kwargs: Mapping[str, Any]) -> Any:
        code = "AWS.SimpleQueueService.NonExistentQueue"
        name = kwargs["QueueName"]
        return self.found("AWS::SQS::Queue", name, {"QueueUrl": f"https://sqs/{name}"}, "GetQueueUrl", code)

    def _dynamodb_describe_table(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["TableName"]
        return self.found("AWS::DynamoDB::Table", name, {"Table": {"TableName": name}}, "DescribeTable")

    def _lambda_get_function_configuration(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["FunctionName"]
        answer = {"FunctionName": name}
        return self.found("AWS::Lambda::Function", name, answer, "GetFunctionConfiguration")

    def _events_describe_rule(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["Name"]
        return self.found("AWS::Events::Rule", name, {"Name": name}, "DescribeRule")

    def _ecr_describe_repositories(self, kwargs: Mapping[str, Any]) -> Any:
        (name,) = kwargs["repositoryNames"]
        code = "RepositoryNotFoundException"
        answer = {"repositories": [{"repositoryName": name}]}
        return self.found("AWS::ECR::Repository", name, answer, "DescribeRepositories", code)

    def has(self, kind: str) -> set[str]:
        """The names of a type that are taken."""
        return self.names.get(kind, set())

    def found(
        self,
        kind: str,
        name: str,
        answer: Mapping[str, Any],
        operation: str,
        code: str = "ResourceNotFoundException",
    ) -> Any:
        """The answer for a name that is taken; the service's refusal for one that is not."""
        if name not in self.has(kind):
            raise refuse(operation, code, f"{name} does not exist")
        return answer
