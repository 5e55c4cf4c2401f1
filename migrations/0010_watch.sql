-- What the watch (`GET /watch`) tells of: which game, operation or turn changed, in which transaction. Keys alone; whoever reads
-- them reads the objects as they are then. Written by triggers, and so in the very transaction of what changed.
CREATE TABLE watch_changes (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('game', 'operation', 'turn')),
  game_id     text NOT NULL,
  -- Of the operation or the turn.
  object_id   uuid,
  changed_at  timestamptz NOT NULL DEFAULT now(),
  -- Ids commit out of order: readers go by what a snapshot of theirs did not see yet.
  written_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CHECK ((kind = 'game') = (object_id IS NULL))
);
CREATE INDEX watch_changes_in_order ON watch_changes (written_xid, id);

CREATE TABLE watch_state (
  singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- The latest transaction of which a change was taken away for its age.
  horizon      xid8 NOT NULL DEFAULT '0',
  -- Somebody watches: a notification makes transactions commit one after the other, so that it is sent then only.
  wanted_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO watch_state DEFAULT VALUES;

REVOKE ALL ON watch_changes, watch_state FROM PUBLIC;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'galaxy_lobby') THEN
    REVOKE ALL ON watch_changes, watch_state FROM galaxy_lobby;
  END IF;
END $$;

-- By its owner's rights: who may write a row need not be able to write here.
CREATE FUNCTION galaxy_watch_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN RETURN NULL; END IF;
  IF TG_ARGV[0] = 'game' THEN
    INSERT INTO watch_changes (kind, game_id) VALUES ('game', coalesce(NEW.game_id, OLD.game_id));
  ELSIF TG_ARGV[0] = 'operation' THEN
    INSERT INTO watch_changes (kind, game_id, object_id) VALUES ('operation', NEW.game_id, NEW.operation_id);
  ELSE
    INSERT INTO watch_changes (kind, game_id, object_id) VALUES ('turn', NEW.game_id, NEW.id);
  END IF;
  IF EXISTS (SELECT FROM watch_state WHERE wanted_until > now()) THEN PERFORM pg_notify('galaxy_watch', ''); END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION galaxy_watch_change() FROM PUBLIC;

CREATE TRIGGER desired_games_watch AFTER INSERT OR UPDATE OR DELETE ON desired_games
  FOR EACH ROW EXECUTE FUNCTION galaxy_watch_change('game');
CREATE TRIGGER game_status_watch AFTER INSERT OR UPDATE ON game_status FOR EACH ROW EXECUTE FUNCTION galaxy_watch_change('game');
CREATE TRIGGER runtime_records_watch AFTER INSERT OR UPDATE ON runtime_records
  FOR EACH ROW EXECUTE FUNCTION galaxy_watch_change('game');
CREATE TRIGGER operation_log_watch AFTER INSERT OR UPDATE ON operation_log
  FOR EACH ROW EXECUTE FUNCTION galaxy_watch_change('operation');
CREATE TRIGGER turns_watch AFTER INSERT OR UPDATE ON turns FOR EACH ROW EXECUTE FUNCTION galaxy_watch_change('turn');

-- What is too old is taken away by whoever leads, who then moves the horizon.
CREATE TRIGGER watch_changes_fence BEFORE UPDATE OR DELETE ON watch_changes FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence();
