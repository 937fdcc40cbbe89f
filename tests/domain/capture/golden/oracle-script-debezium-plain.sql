-- wms-connector: what stage main needs of the WMS database (debezium).
-- For SQL*Plus as SYSDBA, on a database without containers. Read it before you run it.
-- All stages of one database share the user, so it is run once per database.

-- Fill in.
DEFINE dbz_user = 'WMSCDC'
DEFINE tbs_file = '/path/of/logminer_tbs.dbf'
SET VERIFY OFF
ACCEPT dbz_password CHAR PROMPT 'Password of the new user: ' HIDE

-- 1. The whole database
-- ARCHIVELOG: only where the first query says NOARCHIVELOG, for it restarts the database.
SELECT log_mode FROM v$database;
--   ALTER SYSTEM SET db_recovery_file_dest_size = 200G SCOPE=BOTH;
--   ALTER SYSTEM SET db_recovery_file_dest = '/path/of/recovery_area' SCOPE=BOTH;
--   SHUTDOWN IMMEDIATE
--   STARTUP MOUNT
--   ALTER DATABASE ARCHIVELOG;
--   ALTER DATABASE OPEN;
-- Minimal supplemental logging: harmless when it is on already.
ALTER DATABASE ADD SUPPLEMENTAL LOG DATA;

-- 2. A tablespace for the user and its flush table
CREATE TABLESPACE LOGMINER_TBS DATAFILE '&tbs_file' SIZE 25M AUTOEXTEND ON MAXSIZE 1G;

-- 3. The user
CREATE USER &dbz_user IDENTIFIED BY "&dbz_password"
  DEFAULT TABLESPACE LOGMINER_TBS QUOTA UNLIMITED ON LOGMINER_TBS;

-- 4. What LogMiner and the connector need beside the tables
-- To log in:
GRANT CREATE SESSION TO &dbz_user;
-- To start a LogMiner session:
GRANT LOGMINING TO &dbz_user;
-- To read V$LOGMNR_CONTENTS:
GRANT SELECT ANY TRANSACTION TO &dbz_user;
-- To read the dictionary and, by DBMS_METADATA, the definition of the captured tables:
GRANT SELECT_CATALOG_ROLE TO &dbz_user;
-- To use LogMiner's packages and V$LOGMNR_CONTENTS:
GRANT EXECUTE_CATALOG_ROLE TO &dbz_user;
-- To make the flush table LOG_MINING_FLUSH in the user's own schema:
GRANT CREATE TABLE TO &dbz_user;
GRANT EXECUTE ON DBMS_LOGMNR TO &dbz_user;
GRANT SELECT ON V_$DATABASE TO &dbz_user;
GRANT SELECT ON V_$LOG TO &dbz_user;
GRANT SELECT ON V_$LOGFILE TO &dbz_user;
GRANT SELECT ON V_$LOGMNR_LOGS TO &dbz_user;
GRANT SELECT ON V_$LOGMNR_CONTENTS TO &dbz_user;
GRANT SELECT ON V_$LOGMNR_PARAMETERS TO &dbz_user;
GRANT SELECT ON V_$ARCHIVED_LOG TO &dbz_user;
GRANT SELECT ON V_$ARCHIVE_DEST_STATUS TO &dbz_user;
GRANT SELECT ON V_$THREAD TO &dbz_user;
GRANT SELECT ON V_$TRANSACTION TO &dbz_user;
GRANT SELECT ON V_$PARAMETER TO &dbz_user;
GRANT SELECT ON V_$MYSTAT TO &dbz_user;
GRANT SELECT ON V_$STATNAME TO &dbz_user;

-- 5. The tables
-- ORA-32588 here means that it is on already.
ALTER TABLE MMDL.PLAN_BASE_WVR_TBL ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;
ALTER TABLE MMDL.PLAN_WVR_RVSN_TBL ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;
ALTER TABLE WMS.PLAN_BASE_WVR_TBL ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;
ALTER TABLE WMS.PLAN_WVR_RVSN_TBL ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;
GRANT SELECT, FLASHBACK ON MMDL.PLAN_BASE_WVR_TBL TO &dbz_user;
GRANT SELECT, FLASHBACK ON MMDL.PLAN_WVR_RVSN_TBL TO &dbz_user;
GRANT SELECT, FLASHBACK ON WMS.PLAN_BASE_WVR_TBL TO &dbz_user;
GRANT SELECT, FLASHBACK ON WMS.PLAN_WVR_RVSN_TBL TO &dbz_user;

-- 6. Proof, as SYSDBA
-- ARCHIVELOG, and YES or IMPLICIT:
SELECT log_mode, supplemental_log_data_min FROM v$database;
-- At least one line:
SELECT dest_name FROM v$archive_dest_status WHERE status = 'VALID' AND type = 'LOCAL';
-- 4 lines:
SELECT DISTINCT owner, table_name FROM dba_log_groups
WHERE log_group_type = 'ALL COLUMN LOGGING' AND (owner, table_name) IN (
  ('MMDL', 'PLAN_BASE_WVR_TBL'),
  ('MMDL', 'PLAN_WVR_RVSN_TBL'),
  ('WMS', 'PLAN_BASE_WVR_TBL'),
  ('WMS', 'PLAN_WVR_RVSN_TBL'));
-- 8 lines:
SELECT owner, table_name, privilege FROM dba_tab_privs
WHERE grantee = UPPER('&dbz_user') AND (owner, table_name) IN (
  ('MMDL', 'PLAN_BASE_WVR_TBL'),
  ('MMDL', 'PLAN_WVR_RVSN_TBL'),
  ('WMS', 'PLAN_BASE_WVR_TBL'),
  ('WMS', 'PLAN_WVR_RVSN_TBL'));
-- Then, logged in as the new user, without an error:
SELECT COUNT(*) FROM MMDL.PLAN_BASE_WVR_TBL WHERE ROWNUM = 1;
SELECT COUNT(*) FROM MMDL.PLAN_WVR_RVSN_TBL WHERE ROWNUM = 1;
SELECT COUNT(*) FROM WMS.PLAN_BASE_WVR_TBL WHERE ROWNUM = 1;
SELECT COUNT(*) FROM WMS.PLAN_WVR_RVSN_TBL WHERE ROWNUM = 1;
