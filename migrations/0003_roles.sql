-- A lobby may write desired rows and read status, and nothing else. Where this user may not create roles, the operator
-- runs the same statements once (docs/lobby-sql.md).
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'galaxy_lobby') THEN
    IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      RAISE NOTICE 'role galaxy_lobby is missing and % may not create roles', current_user;
      RETURN;
    END IF;
    BEGIN
      CREATE ROLE galaxy_lobby NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration made it just now
    END;
  END IF;
  REVOKE ALL ON ALL TABLES IN SCHEMA public FROM galaxy_lobby;
  GRANT USAGE ON SCHEMA public TO galaxy_lobby;
  GRANT SELECT, INSERT, UPDATE, DELETE ON desired_games TO galaxy_lobby;
  GRANT USAGE ON SEQUENCE desired_resource_version TO galaxy_lobby;
  GRANT SELECT ON games, game_status, runtime_records, operation_log, engine_versions TO galaxy_lobby;
END $$;
