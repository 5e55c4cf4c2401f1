-- What was changed in a desired row, by whom and when: the beginning of every chain of cause that `galaxy explain` tells, also
-- weeks later. Written by the trigger alone, whoever writes the row.
CREATE TABLE desired_changes (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  game_id     text NOT NULL,
  -- Counts anew where a game was deleted and asked for again.
  generation  bigint NOT NULL,
  -- By column: what was there before, null in a new row, and what came.
  changes     jsonb NOT NULL CHECK (jsonb_typeof(changes) = 'object'),
  is_new      boolean NOT NULL,
  written_by  text NOT NULL,
  written_ref text,
  changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX desired_changes_by_game ON desired_changes (game_id, id DESC);
REVOKE ALL ON desired_changes FROM PUBLIC;

-- By its owner's rights: who may write the row need not be able to write here.
CREATE FUNCTION galaxy_desired_keep_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  kept CONSTANT text[] := ARRAY['engine', 'engine_version', 'image_ref', 'state', 'stop_reason', 'paused', 'turn_schedule', 'time_zone', 'players',
    'cpus', 'memory', 'pids', 'restart_token', 'turn_token', 'allow_incompatible_to', 'managed_by', 'deleted_at', 'purge_state'];
  old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.generation = OLD.generation THEN RETURN NULL; END IF;
  INSERT INTO desired_changes (game_id, generation, is_new, written_by, written_ref, changes)
  SELECT NEW.game_id, NEW.generation, TG_OP = 'INSERT', NEW.written_by, NEW.written_ref,
         coalesce(jsonb_object_agg(key, jsonb_build_array(old_row -> key, value)), '{}')
    FROM jsonb_each(to_jsonb(NEW))
   WHERE key = ANY(kept) AND value IS DISTINCT FROM coalesce(old_row -> key, 'null');
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION galaxy_desired_keep_change() FROM PUBLIC;
CREATE TRIGGER desired_games_keep_change AFTER INSERT OR UPDATE ON desired_games
  FOR EACH ROW EXECUTE FUNCTION galaxy_desired_keep_change();

-- History is not rewritten; what is too old is taken away by whoever leads.
CREATE TRIGGER desired_changes_fence BEFORE UPDATE OR DELETE ON desired_changes FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence();
