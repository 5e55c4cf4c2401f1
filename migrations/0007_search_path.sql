-- Whoever may make a table, an operator or a function that is found before ours decides what ours do. A lobby may make
-- temporary tables, which are found first of all unless a function says otherwise; and before Postgres 15 everybody may
-- make anything in the schema public.
DO $$
DECLARE
  ours regprocedure;
BEGIN
  FOR ours IN SELECT oid FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'galaxy\_%'
      AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', ours);
  END LOOP;
END $$;
-- Without effect, and with a warning, where the schema belongs to somebody else (docs/security.md).
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
