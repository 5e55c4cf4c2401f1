-- The folder of manifests that is watched now, as the active controller last found it.
CREATE TABLE manifest_roots (
  root       text PRIMARY KEY,
  -- Its real path; the configured one while it is not there.
  dir        text NOT NULL,
  -- Why it cannot be read, in an operator's words; its games are left as they are meanwhile.
  problem    text,
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER manifest_roots_fence BEFORE INSERT OR UPDATE OR DELETE ON manifest_roots
  FOR EACH STATEMENT EXECUTE FUNCTION galaxy_fence();

-- A file that is found as it was is not written, so this never said when it was last read.
ALTER TABLE manifest_files RENAME COLUMN read_at TO changed_at;
