-- Who may call the API. Only hashes: a token is shown once, when it is made. Whoever reads or writes here decides who gets in,
-- so nobody but the owner may, whatever default privileges say.
CREATE TABLE api_tokens (
  id           uuid PRIMARY KEY,
  -- The token that a controller makes for its own command line is called local, and is in no table.
  name         text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' AND name <> 'local'),
  role         text NOT NULL CHECK (role IN ('viewer', 'lobby', 'operator', 'admin')),
  -- SHA-256.
  hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  created_at   timestamptz NOT NULL DEFAULT now(),
  -- Names of tokens.
  created_by   text NOT NULL,
  expires_at   timestamptz,
  -- To the minute.
  last_used_at timestamptz,
  revoked_at   timestamptz,
  revoked_by   text,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
-- A revoked one stays, and its name is free again.
CREATE UNIQUE INDEX api_tokens_one_by_name ON api_tokens (name) WHERE revoked_at IS NULL;

REVOKE ALL ON api_tokens FROM PUBLIC;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'galaxy_lobby') THEN
    REVOKE ALL ON api_tokens FROM galaxy_lobby;
  END IF;
END $$;
