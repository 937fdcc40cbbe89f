"""The stand-in for Oracle: a database process that answers what Debezium's Oracle connector asks.

It is not a database that anybody should use. It proves what the real connector does with given answers; that
a real Oracle gives these answers is documentation's word, cited beside each fact.
"""
