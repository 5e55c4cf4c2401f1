-- Other deployments of this instance whose containers an operator has taken over (spec 3, "Ours or not"): from then on they are
-- this deployment's. Whoever writes here decides what the controller may stop and remove, so nobody but the owner may.
CREATE TABLE adopted_deployments (
  id         uuid PRIMARY KEY,
  adopted_at timestamptz NOT NULL DEFAULT now(),
  -- Who asked: a token and request.
  adopted_by text NOT NULL
);

REVOKE ALL ON adopted_deployments FROM PUBLIC;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'galaxy_lobby') THEN
    REVOKE ALL ON adopted_deployments FROM galaxy_lobby;
  END IF;
END $$;
