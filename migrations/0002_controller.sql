-- The controller's own side: what it accepted, what it believes, what it did. Only the holder of the lease writes here.

CREATE TABLE controller_leases (
  instance    text PRIMARY KEY,
  holder      text NOT NULL,
  epoch       bigint NOT NULL,
  expires_at  timestamptz NOT NULL,
  renewed_at  timestamptz NOT NULL,
  -- When the observed world was last known to be complete; null until the first list of this term.
  observed_at timestamptz,
  stale_after interval NOT NULL DEFAULT interval '30 seconds'
);

-- Takes a free or expired lease, with a new epoch. FOR UPDATE waits for writes of the former holder that are already
-- past the fence (they hold FOR KEY SHARE); renewal, an ordinary UPDATE, does not.
CREATE FUNCTION galaxy_acquire_lease(the_instance text, the_holder text, ttl interval, the_stale_after interval)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  current controller_leases;
BEGIN
  INSERT INTO controller_leases VALUES (the_instance, '', 0, '-infinity', now(), NULL, the_stale_after)
    ON CONFLICT (instance) DO NOTHING;
  SELECT * INTO current FROM controller_leases WHERE instance = the_instance AND expires_at < clock_timestamp() FOR UPDATE;
  IF NOT FOUND OR current.expires_at >= clock_timestamp() THEN RETURN NULL; END IF;
  UPDATE controller_leases
     SET holder = the_holder, epoch = epoch + 1, expires_at = clock_timestamp() + ttl, renewed_at = clock_timestamp(),
         observed_at = NULL, stale_after = the_stale_after
   WHERE instance = the_instance RETURNING * INTO current;
  RETURN current.epoch;
END $$;

-- Every write of a term carries its epoch as the connection's setting galaxy.lease_epoch.
CREATE FUNCTION galaxy_fence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  claimed text := nullif(current_setting('galaxy.lease_epoch', true), '');
BEGIN
  PERFORM FROM controller_leases
    WHERE instance = current_setting('galaxy.instance', true) AND epoch = claimed::bigint AND expires_at > clock_timestamp()
    FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'stale lease: epoch % of instance % may not write %', coalesce(claimed, 'none'),
      coalesce(current_setting('galaxy.instance', true), 'none'), TG_TABLE_NAME
      USING ERRCODE = 'GX001', HINT = 'only the active controller writes here; change desired_games instead';
  END IF;
  RETURN NULL;
END $$;

CREATE TABLE game_status (
  game_id               text PRIMARY KEY,
  accepted_spec         jsonb,
  accepted_generation   bigint,
  observed_generation   bigint NOT NULL DEFAULT 0,
  handled_restart_token text,
  handled_turn_token    text,
  conditions            jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(conditions) = 'array'),
  backoff               jsonb,
  -- Which engine version last wrote this game's state directory; outlives the game's removal, not a purge.
  state_engine          text,
  state_version         text,
  state_incarnation     integer NOT NULL DEFAULT 1,
  observed_at           timestamptz,
  observed_from         text CHECK (observed_from IN ('event', 'list', 'inspect', 'probe')),
  updated_at            timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE runtime_records (
  uid                    uuid PRIMARY KEY,
  game_id                text NOT NULL CHECK (game_id <> ''),
  status                 text NOT NULL CHECK (status IN ('starting', 'running', 'generation_in_progress', 'generation_failed',
                           'stopped', 'engine_unreachable', 'finished', 'removed')),
  current_container_id   text,
  current_image_ref      text,
  current_image_id       text,
  current_engine_version text,
  engine_endpoint        text NOT NULL CHECK (engine_endpoint <> ''),
  state_path             text NOT NULL CHECK (state_path <> ''),
  docker_network         text NOT NULL CHECK (docker_network <> ''),
  applied_resources      jsonb,
  turn_schedule          text,
  current_turn           integer CHECK (current_turn >= 0),
  paused                 boolean NOT NULL DEFAULT false,
  paused_at              timestamptz,
  skip_next_tick         boolean NOT NULL DEFAULT false,
  engine_health          text NOT NULL DEFAULT 'unknown' CHECK (engine_health IN ('ok', 'unreachable', 'unhealthy', 'unknown')),
  started_at             timestamptz,
  stopped_at             timestamptz,
  finished_at            timestamptz,
  removed_at             timestamptz,
  last_op_at             timestamptz NOT NULL,
  created_at             timestamptz NOT NULL,
  updated_at             timestamptz NOT NULL DEFAULT now(),
  CHECK (last_op_at >= created_at),
  CHECK (started_at >= created_at),
  CHECK (removed_at >= created_at),
  CHECK (stopped_at >= started_at),
  CONSTRAINT running_is_complete CHECK (status NOT IN ('running', 'generation_in_progress', 'generation_failed', 'engine_unreachable')
    OR (current_container_id IS NOT NULL AND current_image_ref IS NOT NULL AND started_at IS NOT NULL)),
  CONSTRAINT stopped_is_complete CHECK (status <> 'stopped' OR (current_image_ref IS NOT NULL AND stopped_at IS NOT NULL)),
  CONSTRAINT removed_is_complete CHECK (status <> 'removed' OR removed_at IS NOT NULL)
);
CREATE UNIQUE INDEX runtime_records_one_live ON runtime_records (game_id) WHERE status <> 'removed';
CREATE INDEX runtime_records_container ON runtime_records (current_container_id);

CREATE FUNCTION galaxy_removed_is_terminal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'record % of game % is removed and cannot change', OLD.uid, OLD.game_id
    USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;
CREATE TRIGGER runtime_records_removed_is_terminal BEFORE UPDATE ON runtime_records
  FOR EACH ROW WHEN (OLD.status = 'removed') EXECUTE FUNCTION galaxy_removed_is_terminal();

-- A DELETE sets the tombstone; the row goes only when it is tombstoned and no live record remains.
CREATE FUNCTION galaxy_desired_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.deleted_at IS NULL THEN
    UPDATE desired_games SET deleted_at = now() WHERE game_id = OLD.game_id;
    RETURN NULL;
  END IF;
  IF EXISTS (SELECT FROM runtime_records r WHERE r.game_id = OLD.game_id AND r.status <> 'removed') THEN RETURN NULL; END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER desired_games_before_delete BEFORE DELETE ON desired_games
  FOR EACH ROW EXECUTE FUNCTION galaxy_desired_before_delete();

CREATE TABLE operation_log (
  operation_id  uuid PRIMARY KEY,
  game_id       text NOT NULL,
  op            text NOT NULL CHECK (op IN ('start', 'stop', 'pause', 'resume', 'restart', 'patch', 'force_next_turn', 'reconcile', 'turn')),
  op_detail     text CHECK (op_detail IN ('reconcile_adopt', 'reconcile_dispose', 'cleanup', 'delete', 'crash_restart', 'resize', 'duplicate')),
  source        text NOT NULL CHECK (source IN ('lobby', 'admin', 'scheduler', 'reconciler')),
  source_ref    text,
  status        text NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed')),
  generation    bigint,
  cause         text NOT NULL,
  image_ref     text,
  container_id  text,
  error_code    text CHECK (error_code IN ('start_config_invalid', 'image_pull_failed', 'container_start_failed', 'conflict',
                  'patch_semver_incompatible', 'service_unavailable', 'engine_unreachable', 'not_found', 'internal_error', 'replay_no_op')),
  error_message text,
  lease_epoch   bigint,
  queued_at     timestamptz,
  started_at    timestamptz,
  finished_at   timestamptz,
  CHECK ((status = 'failed') <= (error_code IS NOT NULL AND error_code <> 'replay_no_op')),
  CHECK ((status IN ('succeeded', 'failed')) = (finished_at IS NOT NULL)),
  CHECK (status = 'queued' OR started_at IS NOT NULL)
);
-- The game's lock, across crashes too.
CREATE UNIQUE INDEX operation_log_one_running ON operation_log (game_id) WHERE status = 'running';
CREATE INDEX operation_log_by_game ON operation_log (game_id, operation_id DESC);
CREATE INDEX operation_log_queued ON operation_log (game_id) WHERE status = 'queued';

CREATE TABLE operation_actions (
  operation_id uuid NOT NULL REFERENCES operation_log ON DELETE CASCADE,
  seq          integer NOT NULL,
  kind         text NOT NULL,
  target       text NOT NULL,
  reason       text NOT NULL,
  intent_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- not_attempted: an earlier action of the operation failed first, or the world made this one needless.
  outcome      text CHECK (outcome IN ('succeeded', 'failed', 'not_attempted')),
  error        text,
  duration_ms  double precision CHECK (duration_ms >= 0),
  result       jsonb,
  PRIMARY KEY (operation_id, seq)
);

CREATE FUNCTION galaxy_operation_is_terminal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'operation % of game % has ended (%) and cannot change', OLD.operation_id, OLD.game_id, OLD.status
    USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;
CREATE TRIGGER operation_log_terminal BEFORE UPDATE ON operation_log
  FOR EACH ROW WHEN (OLD.status IN ('succeeded', 'failed')) EXECUTE FUNCTION galaxy_operation_is_terminal();

CREATE TABLE health_events (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  game_id     text NOT NULL,
  type        text NOT NULL CHECK (type IN ('container_started', 'container_exited', 'container_oom', 'container_disappeared',
                'inspect_unhealthy', 'probe_failed', 'probe_recovered')),
  container_id text,
  detail      jsonb NOT NULL DEFAULT '{}',
  observed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX health_events_by_game ON health_events (game_id, id DESC);

CREATE TABLE notification_intents (
  idempotency_key text PRIMARY KEY,
  type            text NOT NULL CHECK (type IN ('runtime.image_pull_failed', 'runtime.container_start_failed', 'runtime.start_config_invalid')),
  game_id         text NOT NULL,
  generation      bigint NOT NULL,
  error_code      text NOT NULL,
  payload         jsonb NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  -- Once per game, generation and code, not once per retry.
  UNIQUE (game_id, generation, error_code)
);

-- Which file of which watched root holds which documents, as last read whole and valid.
CREATE TABLE manifest_files (
  root          text NOT NULL,
  path          text NOT NULL,
  content_hash  text NOT NULL,
  problems      jsonb NOT NULL DEFAULT '[]',
  missing_since timestamptz,
  missing_scans integer NOT NULL DEFAULT 0,
  read_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (root, path)
);
CREATE TABLE manifest_documents (
  root          text NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('Game', 'EngineVersion')),
  name          text NOT NULL,
  path          text NOT NULL,
  line          integer NOT NULL,
  document      jsonb NOT NULL,
  missing_since timestamptz,
  missing_scans integer NOT NULL DEFAULT 0,
  -- Why a missing document has not been deleted yet, in an operator's words.
  waiting       text,
  PRIMARY KEY (root, kind, name)
);

DO $$
DECLARE
  fenced text;
BEGIN
  FOREACH fenced IN ARRAY ARRAY['game_status', 'runtime_records', 'operation_actions', 'health_events', 'notification_intents',
                                'manifest_files', 'manifest_documents']
  LOOP
    EXECUTE format('CREATE TRIGGER %I_fence BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence()', fenced, fenced);
  END LOOP;
END $$;
CREATE TRIGGER operation_log_fence BEFORE UPDATE OR DELETE ON operation_log
  FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence();

-- Whoever may ask may queue an operation; everything else in the log is the lease holder's.
CREATE FUNCTION galaxy_operation_insert_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM controller_leases
    WHERE instance = current_setting('galaxy.instance', true)
      AND epoch = nullif(current_setting('galaxy.lease_epoch', true), '')::bigint AND expires_at > clock_timestamp()
    FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'stale lease: only the active controller may write a % operation of game %', NEW.status, NEW.game_id
      USING ERRCODE = 'GX001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER operation_log_insert_fence BEFORE INSERT ON operation_log
  FOR EACH ROW WHEN (NEW.status <> 'queued') EXECUTE FUNCTION galaxy_operation_insert_fence();

CREATE TRIGGER game_status_no_truncate BEFORE TRUNCATE ON game_status FOR EACH STATEMENT EXECUTE FUNCTION galaxy_refuse_truncate();
CREATE TRIGGER runtime_records_no_truncate BEFORE TRUNCATE ON runtime_records FOR EACH STATEMENT EXECUTE FUNCTION galaxy_refuse_truncate();
CREATE TRIGGER operation_log_no_truncate BEFORE TRUNCATE ON operation_log FOR EACH STATEMENT EXECUTE FUNCTION galaxy_refuse_truncate();

-- What lobbies and operators read. A status that nobody has confirmed lately says Unknown instead of repeating itself.
CREATE VIEW games AS
SELECT game_id,
       d.engine, d.engine_version, d.image_ref, d.state AS desired_state, d.managed_by, d.generation, d.deleted_at,
       s.observed_generation, s.accepted_spec,
       r.uid AS record_uid, r.status, r.current_container_id, r.current_image_ref, r.current_engine_version, r.engine_endpoint,
       CASE WHEN f.fresh THEN r.engine_health ELSE 'unknown' END AS engine_health,
       CASE WHEN NOT f.fresh THEN 'Unknown'
            ELSE coalesce((SELECT c ->> 'status' FROM jsonb_array_elements(s.conditions) AS c WHERE c ->> 'type' = 'Ready'), 'Unknown')
       END AS ready,
       s.conditions, l.observed_at, s.observed_from, f.fresh
  FROM desired_games d
  FULL JOIN game_status s USING (game_id)
  FULL JOIN (SELECT * FROM runtime_records WHERE status <> 'removed') r USING (game_id)
  LEFT JOIN deployment p ON true
  LEFT JOIN controller_leases l ON l.instance = p.instance
  CROSS JOIN LATERAL (SELECT coalesce(l.observed_at + l.stale_after > now(), false) AS fresh) f
 WHERE d.game_id IS NOT NULL OR r.uid IS NOT NULL;
