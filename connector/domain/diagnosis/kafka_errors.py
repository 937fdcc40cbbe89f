"""What the exceptions of Kafka's client mean, by class name. Pure.

All of org.apache.kafka.common.errors are here. Source: the public classes of kafka-clients 4.3.1 with their
documentation, and Errors.java of the same version for what each stands for on the wire. What is said of
MSK's IAM is from its developer guide, "Troubleshoot your Amazon MSK cluster", and the issues of aws/aws-
msk-iam-auth.
"""

from collections.abc import Mapping

#: Name of an error class -> the exceptions' names without `Exception`.
_FAMILIES: Mapping[str, str] = {
    # Retriable ones, or what a client does again by itself: the broker is busy, moves or has stopped.
    "brokers": """
        ApplicationRecoverable AuthorizerNotReady BootstrapResolution BrokerIdNotRegistered
        BrokerNotAvailable BufferExhausted ControllerMoved CoordinatorLoadInProgress CoordinatorNotAvailable
        CorruptRecord Disconnect DuplicateBrokerRegistration ElectionNotNeeded
        EligibleLeadersNotAvailable FeatureUpdateFailed FencedLeaderEpoch FencedMemberEpoch
        FencedStateEpoch FetchSessionIdNotFound FetchSessionTopicId GroupIdNotFound
        GroupMaxSizeReached GroupNotEmpty GroupSubscribedToTopic IllegalGeneration
        InconsistentTopicId IneligibleReplica Interrupt InvalidFetchSessionEpoch InvalidMetadata
        InvalidShareSessionEpoch InvalidUpdateVersion KafkaStorage LeaderNotAvailable
        ListenerNotFound LogDirNotFound MemberIdRequired Network NewLeaderElected
        NoReassignmentInProgress NotController NotCoordinator NotEnoughReplicas
        NotEnoughReplicasAfterAppend NotLeaderForPartition NotLeaderOrFollower
        OffsetMovedToTieredStorage OffsetNotAvailable OperationNotAttempted
        PreferredLeaderNotAvailable ReassignmentInProgress RebalanceInProgress RebootstrapRequired
        RefreshRetriable ReplicaNotAvailable Retriable RetriableCommitFailed CommitFailed
        ShareSessionLimitReached ShareSessionNotFound SnapshotNotFound StaleBrokerEpoch
        StaleMemberEpoch StreamsTopologyFenced Timeout UnknownControllerId UnknownLeaderEpoch
        UnknownMemberId UnknownServer UnreleasedInstanceId UnstableOffsetCommit Wakeup
        """,
    "brokers throttle": "ThrottlingQuotaExceeded",
    "cluster rights": """
        Authorization ClusterAuthorization DelegationTokenAuthorization DelegationTokenOwnerMismatch
        GroupAuthorization TopicAuthorization TransactionalIdAuthorization
        """,
    "broker login": """
        Authentication DelegationTokenExpired DelegationTokenNotFound SaslAuthentication
        UnacceptableCredential
        """,
    "broker authentication": """
        DelegationTokenDisabled IllegalSaslState InvalidPrincipalType PrincipalDeserialization
        SecurityDisabled UnsupportedByAuthentication UnsupportedSaslMechanism InvalidReceive
        """,
    "broker TLS": "SslAuthentication",
    "broker certificate": "CertificateExpiredAuthentication",
    # What a producer with transactions may meet; a task that is started again begins a new epoch.
    "fenced": """
        ConcurrentTransactions DuplicateSequence FencedInstanceId InvalidPidMapping
        InvalidProducerEpoch InvalidTxnState OutOfOrderSequence ProducerFenced TransactionAborted
        TransactionAbortable TransactionCoordinatorFenced TransactionalIdNotFound UnknownProducerId
        """,
    "unknown topic": "UnknownTopicId UnknownTopicOrPartition",
    "record too large": "RecordBatchTooLarge RecordTooLarge",
    "record format": """
        InvalidTimestamp InvalidRecord InvalidRecordState RecordDeserialization Serialization
        UnsupportedForMessageFormat
        """,
    "settings": """
        DuplicateResource DuplicateVoter InconsistentClusterId InconsistentGroupProtocol
        InconsistentVoterSet InvalidCommitOffsetSize InvalidConfiguration InvalidFetchSize
        InvalidGroupId InvalidOffset InvalidPartitions InvalidRegistration InvalidRegularExpression
        InvalidReplicaAssignment InvalidReplicationFactor InvalidRequest InvalidRequiredAcks
        InvalidSessionTimeout InvalidTopic InvalidTxnTimeout InvalidVoterKey MismatchedEndpointType
        OffsetMetadataTooLarge OffsetOutOfRange PolicyViolation PositionOutOfRange ResourceNotFound
        StreamsInvalidTopology StreamsInvalidTopologyEpoch TelemetryTooLarge TopicDeletionDisabled
        TopicExists UnknownSubscriptionId UnsupportedAssignor UnsupportedCompressionType
        UnsupportedEndpointType UnsupportedVersion VoterNotFound
        """,
}

#: The class name of an exception, without its package -> the name of its error class.
BY_EXCEPTION: Mapping[str, str] = {
    exception: error_class
    for error_class, names in _FAMILIES.items()
    for name in names.split()
    # Two of Kafka's classes do not end in Exception.
    for exception in (name, f"{name}Exception")
}

#: Packages whose exceptions are meant: another library has a TimeoutException of its own.
PACKAGES = ("org.apache.kafka.common.", "org.apache.kafka.clients.")
