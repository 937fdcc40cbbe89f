"""One resource of every type that our templates use."""

from typing import Any

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
_ANY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}],
}

RESOURCES: dict[str, Any] = {
    "Key": {
        "Type": "AWS::KMS::Key",
        "Properties": {
            "EnableKeyRotation": True,
            "KeyPolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
                ],
            },
        },
    },
    "Alias": {
        "Type": "AWS::KMS::Alias",
        "Properties": {"AliasName": "alias/probe", "TargetKeyId": {"Ref": "Key"}},
    },
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": "probe-bucket-000000000000",
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    },
    "BucketPolicy": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": "arn:aws:s3:::probe-bucket-000000000000/*",
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        },
    },
    "Repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "probe"}},
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "probe",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    },
    "Policy": {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"ManagedPolicyName": "probe", "Path": "/some/", "PolicyDocument": _ANY},
    },
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": "probe",
            "Path": "/some/",
            "AssumeRolePolicyDocument": _TRUST,
            "ManagedPolicyArns": [{"Ref": "Policy"}],
            "Policies": [{"PolicyName": "p", "PolicyDocument": _ANY}],
        },
    },
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
    "Subnet": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.0.0/24", "AvailabilityZone": "us-east-1a"},
    },
    "Subnet2": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24", "AvailabilityZone": "us-east-1b"},
    },
    "Clients": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupName": "probe-clients", "GroupDescription": "c", "VpcId": {"Ref": "Vpc"}},
    },
    "Tasks": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupName": "probe-tasks", "GroupDescription": "t", "VpcId": {"Ref": "Vpc"}},
    },
    "Out": {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {
            "GroupId": {"Ref": "Clients"},
            "IpProtocol": "tcp",
            "FromPort": 8083,
            "ToPort": 8083,
            "DestinationSecurityGroupId": {"Ref": "Tasks"},
        },
    },
    "In": {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Ref": "Tasks"},
            "IpProtocol": "tcp",
            "FromPort": 8083,
            "ToPort": 8083,
            "SourceSecurityGroupId": {"Ref": "Clients"},
        },
    },
    "LogGroup": {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": "/probe", "RetentionInDays": 30},
    },
    "Filter": {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": "LogGroup"},
            "FilterName": "probe",
            "FilterPattern": "%ORA-[0-9]{5}%",
            "MetricTransformations": [{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}],
        },
    },
    "Topic": {
        "Type": "AWS::SNS::Topic",
        "Properties": {"TopicName": "probe", "KmsMasterKeyId": {"Ref": "Key"}},
    },
    "Subscription": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com"},
    },
    "TopicPolicy": {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": "Topic"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "probe",
                        "Effect": "Allow",
                        "Action": "sns:Publish",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Resource": {"Ref": "Topic"},
                    }
                ],
            },
        },
    },
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "probe"}},
    "QueuePolicy": {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": "Queue"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "sqs:SendMessage",
                        "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
                    }
                ],
            },
        },
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "probe",
            "Runtime": "python3.12",
            "Handler": "lambda_src.probe.handler.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"S3Bucket": "probe-code", "S3Key": "code.zip"},
            "Timeout": 5,
            "Environment": {"Variables": {"STAGE": "main"}},
            "VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": [{"Ref": "Clients"}]},
            "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
        },
    },
    "InvokeConfig": {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 0,
        },
    },
    "Rule": {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": "probe",
            "ScheduleExpression": "rate(10 minutes)",
            "Targets": [{"Id": "one", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}],
        },
    },
    "Permission": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]},
        },
    },
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "probe",
            "Namespace": "n",
            "MetricName": "m",
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [{"Ref": "Topic"}],
        },
    },
    "Dashboard": {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": "probe", "DashboardBody": '{"widgets": []}'},
    },
    "Zone": {
        "Type": "AWS::Route53::HostedZone",
        "Properties": {
            "Name": "probe.internal",
            "VPCs": [{"VPCId": {"Ref": "Vpc"}, "VPCRegion": "us-east-1"}],
        },
    },
    "Certificate": {
        "Type": "AWS::CertificateManager::Certificate",
        "Properties": {
            "DomainName": "connect.probe.internal",
            "CertificateAuthorityArn": "arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/probe",
        },
    },
    "Balancer": {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {
            "Name": "probe",
            "Scheme": "internal",
            "Type": "application",
            "Subnets": [{"Ref": "Subnet"}, {"Ref": "Subnet2"}],
            "SecurityGroups": [{"Ref": "Clients"}],
        },
    },
    "TargetGroup": {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "Name": "probe",
            "Port": 8083,
            "Protocol": "HTTP",
            "TargetType": "ip",
            "VpcId": {"Ref": "Vpc"},
            "HealthCheckPath": "/",
        },
    },
    "Listener": {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": {"Ref": "Balancer"},
            "Port": 443,
            "Protocol": "HTTPS",
            "Certificates": [{"CertificateArn": {"Ref": "Certificate"}}],
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}],
        },
    },
    "Record": {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {
            "HostedZoneId": {"Ref": "Zone"},
            "Name": "connect.probe.internal",
            "Type": "A",
            "AliasTarget": {
                "DNSName": {"Fn::GetAtt": ["Balancer", "DNSName"]},
                "HostedZoneId": {"Fn::GetAtt": ["Balancer", "CanonicalHostedZoneID"]},
            },
        },
    },
    "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "probe"}},
    "Definition": {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": "probe",
            "Cpu": "512",
            "Memory": "2048",
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["FARGATE"],
            "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "RuntimePlatform": {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
            "Volumes": [{"Name": "tmp"}],
            "ContainerDefinitions": [
                {
                    "Name": "kafka-connect",
                    "Image": "x:1",
                    "Essential": True,
                    "Memory": 1024,
                    "StopTimeout": 60,
                    "ReadonlyRootFilesystem": True,
                    "User": "1000",
                    "Secrets": [
                        {
                            "Name": "KAFKA_BOOTSTRAP_SERVERS",
                            "ValueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x",
                        }
                    ],
                    "HealthCheck": {"Command": ["CMD-SHELL", "true"], "Interval": 15, "StartPeriod": 90},
                    "LinuxParameters": {"InitProcessEnabled": True},
                    "SystemControls": [{"Namespace": "net.ipv4.tcp_keepalive_time", "Value": "60"}],
                    "MountPoints": [{"SourceVolume": "tmp", "ContainerPath": "/scratch"}],
                    "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "/probe"}},
                }
            ],
        },
    },
    "Service": {
        "Type": "AWS::ECS::Service",
        "DependsOn": ["Listener"],
        "Properties": {
            "ServiceName": "probe",
            "Cluster": {"Ref": "Cluster"},
            "TaskDefinition": {"Ref": "Definition"},
            "DesiredCount": 0,
            "LaunchType": "FARGATE",
            "PlatformVersion": "1.4.0",
            "LoadBalancers": [
                {
                    "ContainerName": "kafka-connect",
                    "ContainerPort": 8083,
                    "TargetGroupArn": {"Ref": "TargetGroup"},
                }
            ],
            "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {"Subnets": [{"Ref": "Subnet"}], "SecurityGroups": [{"Ref": "Tasks"}]}
            },
        },
    },
}
