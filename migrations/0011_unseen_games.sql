-- Games that the holder of the lease has not looked at yet: what an earlier term wrote of them says nothing of now (S8). Empty soon after
-- a term began, but for a game whose look hangs; the others do not wait for it (L2).
ALTER TABLE controller_leases ADD COLUMN unseen_games text[] NOT NULL DEFAULT '{}';

CREATE OR REPLACE VIEW games AS
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
  CROSS JOIN LATERAL (SELECT coalesce(l.observed_at + l.stale_after > now() AND game_id <> ALL (l.unseen_games), false) AS fresh) f
 WHERE d.game_id IS NOT NULL OR r.uid IS NOT NULL OR jsonb_array_length(s.conditions) > 0;
