-- The life of a game beyond its container: who plays it, its turns, and what the lobby is told.

-- The generation that the engine called finished; only a newer one, or a restart token, starts the game again.
ALTER TABLE runtime_records ADD COLUMN finished_generation bigint;
-- The schedule's zone, and the instant up to which its ticks are accounted for or are none of this record's business.
ALTER TABLE runtime_records ADD COLUMN time_zone text;
ALTER TABLE runtime_records ADD COLUMN ticks_after timestamptz;

-- Written from the engine's answer to init; gone when the game is removed.
CREATE TABLE player_mappings (
  game_id            text NOT NULL,
  race_name          text NOT NULL,
  user_id            uuid NOT NULL,
  engine_player_uuid uuid NOT NULL,
  PRIMARY KEY (game_id, race_name),
  -- Checked at the end: one statement writes all of a game's rows, and two of them may have changed places.
  UNIQUE (game_id, engine_player_uuid) DEFERRABLE INITIALLY DEFERRED
);

-- The turn ledger: one row per tick of the schedule and per turn token, so that each has exactly one end.
CREATE TABLE turns (
  id           uuid PRIMARY KEY,
  game_id      text NOT NULL,
  record_uid   uuid NOT NULL,
  -- A purge of the state begins a new one.
  incarnation  integer NOT NULL,
  scheduled_at timestamptz,
  turn_token   text,
  -- Desired generation that carried the token.
  generation   bigint,
  -- The number asked of the engine; null where none was.
  turn         integer CHECK (turn > 0),
  status       text NOT NULL CHECK (status IN ('in_progress', 'succeeded', 'failed', 'skipped', 'superseded')),
  skip_reason  text CHECK (skip_reason IN ('paused', 'not_running', 'in_progress', 'missed_while_down', 'skip_next_tick')),
  -- The last attempt's.
  operation_id uuid,
  attempts     integer NOT NULL DEFAULT 0,
  error        text,
  started_at   timestamptz,
  finished_at  timestamptz,
  CHECK ((scheduled_at IS NULL) <> (turn_token IS NULL)),
  CHECK ((status = 'skipped') = (skip_reason IS NOT NULL)),
  CHECK ((status = 'in_progress') = (finished_at IS NULL)),
  CHECK (status NOT IN ('in_progress', 'succeeded') OR turn IS NOT NULL)
);
-- By record: the generations of a game that was deleted and is asked for again begin anew.
CREATE UNIQUE INDEX turns_one_per_tick ON turns (record_uid, scheduled_at);
CREATE UNIQUE INDEX turns_one_per_token ON turns (record_uid, turn_token, generation);
CREATE UNIQUE INDEX turns_computed_once ON turns (game_id, incarnation, turn) WHERE status IN ('in_progress', 'succeeded');
CREATE UNIQUE INDEX turns_one_open ON turns (game_id) WHERE status = 'in_progress';
CREATE INDEX turns_by_game ON turns (game_id, id DESC);

-- What the engine said after init and after every turn.
CREATE TABLE health_snapshots (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  game_id        text NOT NULL,
  record_uid     uuid NOT NULL,
  incarnation    integer NOT NULL,
  turn           integer NOT NULL CHECK (turn >= 0),
  runtime_status text NOT NULL,
  engine_health  text NOT NULL,
  engine_state   jsonb NOT NULL,
  -- By the engine's player id: {planets, population}, the most there ever were in this game.
  maxima         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(maxima) = 'object'),
  -- [{user_id, current_planets, current_population, max_planets, max_population}], maxima over the game's life.
  player_stats   jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(player_stats) = 'array'),
  observed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Ids commit out of order: readers go by (written_xid, id) below pg_snapshot_xmin.
  written_xid    xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX health_snapshots_by_game ON health_snapshots (game_id, id DESC);
CREATE INDEX health_snapshots_in_order ON health_snapshots (written_xid, id);

-- Everything that is told to the outside, in order per game. The rows are made by triggers, and so in the very
-- transaction of what they tell.
CREATE TABLE outbox (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  game_id         text NOT NULL,
  type            text NOT NULL,
  idempotency_key text NOT NULL UNIQUE,
  payload         jsonb NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  delivered_at    timestamptz,
  -- Given up after too many attempts; those behind it go on. A replay clears it.
  dead_at         timestamptz,
  last_error      text,
  written_xid     xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX outbox_waiting ON outbox (game_id, id) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_in_order ON outbox (written_xid, id);
CREATE INDEX outbox_dead ON outbox (id) WHERE dead_at IS NOT NULL;

CREATE FUNCTION galaxy_tell_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (game_id, type, idempotency_key, payload)
  VALUES (NEW.game_id, 'runtime.snapshot', 'runtime.snapshot.' || NEW.game_id || '.' || NEW.id, jsonb_build_object(
    'game_id', NEW.game_id, 'current_turn', NEW.turn, 'runtime_status', NEW.runtime_status, 'engine_health', NEW.engine_health,
    'observed_at', NEW.observed_at, 'player_stats', NEW.player_stats));
  RETURN NULL;
END $$;
CREATE TRIGGER health_snapshots_tell AFTER INSERT ON health_snapshots FOR EACH ROW EXECUTE FUNCTION galaxy_tell_snapshot();

CREATE FUNCTION galaxy_tell_notification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (game_id, type, idempotency_key, payload)
  VALUES (NEW.game_id, NEW.type, NEW.idempotency_key, NEW.payload) ON CONFLICT (idempotency_key) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER notification_intents_tell AFTER INSERT ON notification_intents FOR EACH ROW EXECUTE FUNCTION galaxy_tell_notification();

CREATE FUNCTION galaxy_tell_health_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (game_id, type, idempotency_key, payload)
  VALUES (NEW.game_id, 'runtime.health_event', 'runtime.health_event.' || NEW.game_id || '.' || NEW.id, jsonb_build_object(
    'game_id', NEW.game_id, 'event', NEW.type, 'container_id', NEW.container_id, 'detail', NEW.detail, 'observed_at', NEW.observed_at));
  RETURN NULL;
END $$;
CREATE TRIGGER health_events_tell AFTER INSERT ON health_events FOR EACH ROW EXECUTE FUNCTION galaxy_tell_health_event();

CREATE FUNCTION galaxy_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('galaxy_outbox', '');
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION galaxy_outbox_notify();

DO $$
DECLARE
  fenced text;
BEGIN
  FOREACH fenced IN ARRAY ARRAY['player_mappings', 'turns', 'health_snapshots']
  LOOP
    EXECUTE format('CREATE TRIGGER %I_fence BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence()', fenced, fenced);
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'galaxy_lobby') THEN
    GRANT SELECT ON player_mappings, turns, health_snapshots, outbox TO galaxy_lobby;
  END IF;
END $$;
-- A replay is anybody's wish; making and dropping rows is the lease holder's.
CREATE TRIGGER outbox_fence BEFORE INSERT OR DELETE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence();
