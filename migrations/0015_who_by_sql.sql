-- A row that is changed by SQL names no reference, and `lobby` alone does not say who it was: the history keeps which user of the
-- database, and with which program. The row's own written_ref stays what its writer said.
CREATE OR REPLACE FUNCTION galaxy_desired_keep_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  kept CONSTANT text[] := ARRAY['engine', 'engine_version', 'image_ref', 'state', 'stop_reason', 'paused', 'turn_schedule', 'time_zone', 'players',
    'cpus', 'memory', 'pids', 'restart_token', 'turn_token', 'allow_incompatible_to', 'managed_by', 'deleted_at', 'purge_state'];
  old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.generation = OLD.generation THEN RETURN NULL; END IF;
  INSERT INTO desired_changes (game_id, generation, is_new, written_by, written_ref, changes)
  SELECT NEW.game_id, NEW.generation, TG_OP = 'INSERT', NEW.written_by,
         coalesce(NEW.written_ref, concat_ws(' with ', 'database user ' || session_user, nullif(current_setting('application_name'), ''))),
         coalesce(jsonb_object_agg(key, jsonb_build_array(old_row -> key, value)), '{}')
    FROM jsonb_each(to_jsonb(NEW))
   WHERE key = ANY(kept) AND value IS DISTINCT FROM coalesce(old_row -> key, 'null');
  RETURN NULL;
END $$;
COMMENT ON COLUMN desired_changes.written_ref IS 'What they refer to: manifest and line, token and request; of a change by SQL, the database''s user and the program.';
