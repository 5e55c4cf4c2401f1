-- Desired state: what the lobby, the manifests and the API ask for. No code of ours stands between a lobby and these
-- tables, so shape, ownership and the tombstone are held here.

CREATE TABLE deployment (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  -- The one instance that drives this database; bound by the first controller that opens it. Two instances over one
  -- database would give every game two containers on one state directory.
  instance   text,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO deployment DEFAULT VALUES;

CREATE DOMAIN semver AS text
  CHECK (VALUE ~ '^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
         AND length(VALUE) <= 128);

CREATE TABLE engine_versions (
  engine     text NOT NULL DEFAULT 'galaxy' CHECK (engine ~ '^[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$'),
  version    semver NOT NULL,
  image_ref  text CHECK (length(image_ref) BETWEEN 1 AND 512),
  enabled    boolean NOT NULL DEFAULT true,
  protocol   text NOT NULL DEFAULT 'galaxy' CHECK (protocol IN ('galaxy', 'none')),
  probe      jsonb CHECK (jsonb_typeof(probe) = 'object'),
  port       integer NOT NULL DEFAULT 8080 CHECK (port BETWEEN 1 AND 65535),
  command    jsonb CHECK (jsonb_typeof(command) = 'array'),
  env        jsonb CHECK (jsonb_typeof(env) = 'object'),
  publish    jsonb CHECK (jsonb_typeof(publish) = 'array'),
  relax      jsonb CHECK (jsonb_typeof(relax) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (engine, version)
);

CREATE FUNCTION galaxy_valid_players(players jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT jsonb_typeof(players) = 'array'
     AND NOT jsonb_path_exists(players, '$[*] ? (@.type() != "object")')
     AND NOT EXISTS (
       SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof(players) WHEN 'array' THEN players ELSE '[]' END) AS p
       WHERE coalesce(p ->> 'userId', '') !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
          OR coalesce(btrim(p ->> 'raceName'), '') = '' OR length(p ->> 'raceName') > 64)
     AND (SELECT count(*) = count(DISTINCT p ->> 'raceName')
          FROM jsonb_array_elements(CASE jsonb_typeof(players) WHEN 'array' THEN players ELSE '[]' END) AS p)
$$;

CREATE SEQUENCE desired_resource_version;

CREATE TABLE desired_games (
  game_id        text PRIMARY KEY CHECK (game_id ~ '^[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$'),
  engine         text NOT NULL DEFAULT 'galaxy' CHECK (engine ~ '^[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$'),
  engine_version semver,
  image_ref      text CHECK (length(image_ref) BETWEEN 1 AND 512),
  state          text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped')),
  stop_reason    text CHECK (stop_reason IN ('orphan_cleanup', 'cancelled', 'finished', 'admin_request', 'timeout')),
  paused         boolean NOT NULL DEFAULT false,
  turn_schedule  text CHECK (length(btrim(turn_schedule)) BETWEEN 9 AND 256),
  time_zone      text NOT NULL DEFAULT 'UTC' CHECK (length(time_zone) BETWEEN 1 AND 64),
  players        jsonb NOT NULL DEFAULT '[]' CHECK (galaxy_valid_players(players)),
  cpus           numeric CHECK (cpus > 0 AND cpus <= 1024),
  memory         text CHECK (memory ~ '^[1-9][0-9]{0,17}([kKmMgGtT]i?)?[bB]?$'),
  pids           integer CHECK (pids > 0),
  restart_token  text CHECK (length(restart_token) BETWEEN 1 AND 256),
  turn_token     text CHECK (length(turn_token) BETWEEN 1 AND 256),
  allow_incompatible_to semver,
  labels         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
  managed_by     text NOT NULL DEFAULT 'lobby' CHECK (managed_by IN ('lobby', 'api', 'reconciler') OR managed_by ~ '^manifest:.{1,200}$'),
  generation     bigint NOT NULL DEFAULT 1,
  resource_version bigint NOT NULL DEFAULT 0,
  deleted_at     timestamptz,
  purge_state    boolean NOT NULL DEFAULT false,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  -- Who wrote last, for the operation log's source and source_ref.
  written_by     text NOT NULL DEFAULT 'lobby',
  written_ref    text,
  -- The writing transaction: lets the poll find changes without losing rows that commit out of sequence order.
  written_xid    xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT desired_games_version_or_image CHECK (engine_version IS NOT NULL OR image_ref IS NOT NULL),
  CONSTRAINT desired_games_stop_needs_reason CHECK ((state = 'stopped') = (stop_reason IS NOT NULL)),
  CONSTRAINT desired_games_purge_needs_delete CHECK (NOT purge_state OR deleted_at IS NOT NULL)
);
CREATE INDEX desired_games_written_xid ON desired_games (written_xid);
CREATE INDEX desired_games_version ON desired_games (engine, engine_version);

CREATE FUNCTION galaxy_source() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('galaxy.source', true), ''), 'lobby')
$$;

CREATE FUNCTION galaxy_desired_before_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  writer text := galaxy_source();
  spec_changed boolean;
BEGIN
  IF NEW.state = 'running' THEN NEW.stop_reason := NULL; END IF;

  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT FROM desired_games d WHERE d.game_id = NEW.game_id AND d.deleted_at IS NOT NULL) THEN
      RAISE EXCEPTION 'game % is being deleted', NEW.game_id
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'wait until its row is gone, then insert it again';
    END IF;
    NEW.generation := 1;
    NEW.created_at := now();
    IF writer <> 'lobby' THEN NEW.managed_by := writer; END IF;
  ELSE
    IF NEW.game_id <> OLD.game_id THEN
      RAISE EXCEPTION 'game_id % cannot be changed', OLD.game_id
        USING ERRCODE = 'feature_not_supported', HINT = 'insert the new game, then delete the old one';
    END IF;
    IF OLD.deleted_at IS NOT NULL THEN
      RAISE EXCEPTION 'game % is being deleted', NEW.game_id
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'wait until its row is gone, then insert it again';
    END IF;
    spec_changed := (NEW.engine, NEW.engine_version, NEW.image_ref, NEW.turn_schedule, NEW.time_zone, NEW.players,
                     NEW.cpus, NEW.memory, NEW.pids, NEW.allow_incompatible_to)
      IS DISTINCT FROM (OLD.engine, OLD.engine_version, OLD.image_ref, OLD.turn_schedule, OLD.time_zone, OLD.players,
                     OLD.cpus, OLD.memory, OLD.pids, OLD.allow_incompatible_to);
    IF spec_changed AND NEW.managed_by = OLD.managed_by AND OLD.managed_by <> writer THEN
      IF OLD.managed_by <> 'reconciler' AND coalesce(current_setting('galaxy.force', true), '') <> 'on' THEN
        RAISE EXCEPTION 'conflict: game % is managed by %, not by %', NEW.game_id, OLD.managed_by, writer
          USING ERRCODE = 'object_in_use', HINT = 'take it over by setting managed_by in the same statement, or with --force-conflicts';
      END IF;
      NEW.managed_by := writer;
    END IF;
    NEW.created_at := OLD.created_at;
    NEW.generation := OLD.generation;
    IF spec_changed OR (NEW.state, NEW.stop_reason, NEW.paused, NEW.restart_token, NEW.turn_token, NEW.deleted_at, NEW.purge_state)
      IS DISTINCT FROM (OLD.state, OLD.stop_reason, OLD.paused, OLD.restart_token, OLD.turn_token, OLD.deleted_at, OLD.purge_state)
    THEN
      NEW.generation := OLD.generation + 1;
    END IF;
  END IF;

  NEW.resource_version := nextval('desired_resource_version');
  NEW.updated_at := now();
  NEW.written_by := writer;
  NEW.written_ref := nullif(current_setting('galaxy.source_ref', true), '');
  NEW.written_xid := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER desired_games_before_write BEFORE INSERT OR UPDATE ON desired_games
  FOR EACH ROW EXECUTE FUNCTION galaxy_desired_before_write();

-- The payload is the key alone, so it can't outgrow NOTIFY's limit of 8000 bytes.
CREATE FUNCTION galaxy_desired_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('galaxy_desired', coalesce(NEW.game_id, OLD.game_id));
  RETURN NULL;
END $$;
CREATE TRIGGER desired_games_notify AFTER INSERT OR UPDATE OR DELETE ON desired_games
  FOR EACH ROW EXECUTE FUNCTION galaxy_desired_notify();

CREATE FUNCTION galaxy_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'TRUNCATE of % is refused', TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'DELETE the games that should go; each is then stopped and removed';
END $$;
CREATE TRIGGER desired_games_no_truncate BEFORE TRUNCATE ON desired_games
  FOR EACH STATEMENT EXECUTE FUNCTION galaxy_refuse_truncate();

CREATE FUNCTION galaxy_version_before_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  users text;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND
     (NEW.engine, NEW.version, NEW.image_ref, NEW.protocol, NEW.command, NEW.env)
       IS DISTINCT FROM (OLD.engine, OLD.version, OLD.image_ref, OLD.protocol, OLD.command, OLD.env)) THEN
    SELECT string_agg(game_id, ', ' ORDER BY game_id) INTO users
      FROM desired_games WHERE engine = OLD.engine AND engine_version = OLD.version;
    IF users IS NOT NULL THEN
      RAISE EXCEPTION 'conflict: engine version % % is desired by %', OLD.engine, OLD.version, left(users, 500)
        USING ERRCODE = 'object_in_use', HINT = 'register a new version and patch the games to it, or disable this one';
    END IF;
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER engine_versions_before_write BEFORE INSERT OR UPDATE OR DELETE ON engine_versions
  FOR EACH ROW EXECUTE FUNCTION galaxy_version_before_write();

CREATE FUNCTION galaxy_version_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('galaxy_versions', '');
  RETURN NULL;
END $$;
CREATE TRIGGER engine_versions_notify AFTER INSERT OR UPDATE OR DELETE ON engine_versions
  FOR EACH STATEMENT EXECUTE FUNCTION galaxy_version_notify();
