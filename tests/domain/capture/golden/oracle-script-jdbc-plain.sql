-- wms-connector: what stage main needs of the WMS database (jdbc).
-- For SQL*Plus as SYSDBA, on a database without containers. Read it before you run it.
-- All stages of one database share the user, so it is run once per database.

-- Fill in.
DEFINE dbz_user = 'WMSCDC'
SET VERIFY OFF
ACCEPT dbz_password CHAR PROMPT 'Password of the new user: ' HIDE

-- 3. The user
CREATE USER &dbz_user IDENTIFIED BY "&dbz_password";
GRANT CREATE SESSION TO &dbz_user;

-- 5. The tables
GRANT SELECT ON WMS.PLAN_BASE_WVR_TBL TO &dbz_user;
GRANT SELECT ON WMS.PLAN_WVR_RVSN_TBL TO &dbz_user;

-- 6. Proof, logged in as the new user
SELECT COUNT(*) FROM WMS.PLAN_BASE_WVR_TBL WHERE ROWNUM = 1;
SELECT COUNT(*) FROM WMS.PLAN_WVR_RVSN_TBL WHERE ROWNUM = 1;
