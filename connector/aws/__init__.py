"""The operator's AWS: the account that the environment's credentials lead to, behind one port."""
