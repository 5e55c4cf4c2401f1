-- Whoever stops a game by SQL and says no reason, or another than there are, is told in words what to set; the constraints stay what holds.
CREATE FUNCTION galaxy_desired_stop_reason() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  reasons CONSTANT text[] := ARRAY['orphan_cleanup', 'cancelled', 'finished', 'admin_request', 'timeout'];
BEGIN
  IF NEW.state = 'stopped' AND NEW.stop_reason IS NULL THEN
    RAISE EXCEPTION 'game % is to be stopped without a reason', NEW.game_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'desired_games_stop_needs_reason',
            HINT = 'set stop_reason to one of ' || array_to_string(reasons, ', ');
  ELSIF NEW.state = 'stopped' AND NEW.stop_reason <> ALL (reasons) THEN
    RAISE EXCEPTION 'game %: % is no reason to stop it', NEW.game_id, quote_literal(NEW.stop_reason)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'desired_games_stop_reason_check',
            HINT = 'set stop_reason to one of ' || array_to_string(reasons, ', ');
  END IF;
  RETURN NEW;
END $$;

-- After desired_games_before_write: triggers fire in the order of their names.
CREATE TRIGGER desired_games_stop_reason BEFORE INSERT OR UPDATE ON desired_games
  FOR EACH ROW EXECUTE FUNCTION galaxy_desired_stop_reason();
