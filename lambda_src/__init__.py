"""What runs inside the VPC: the functions, the clients they use, and the zip they are shipped in.

Nothing is imported here but the standard library, `connector.domain`, boto3 with its dependencies (which
the Lambda runtime brings) and kafka-python (which the zip carries).
"""
