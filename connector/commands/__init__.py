"""The sub-commands of `wms-connector`, each module imported only when its command is called."""
