-- The games that there are, told by their ids first: a condition on the id reaches each table's index, which it does not through a full join
-- unless it names a single one. Columns and rows are what they were; a game that the holder of the lease has not looked at yet is not fresh (S8).
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
  FROM (SELECT game_id FROM desired_games
        UNION SELECT game_id FROM runtime_records WHERE status <> 'removed'
        UNION SELECT game_id FROM game_status WHERE jsonb_array_length(conditions) > 0) known
  LEFT JOIN desired_games d USING (game_id)
  LEFT JOIN game_status s USING (game_id)
  LEFT JOIN (SELECT * FROM runtime_records WHERE status <> 'removed') r USING (game_id)
  LEFT JOIN deployment p ON true
  LEFT JOIN controller_leases l ON l.instance = p.instance
  CROSS JOIN LATERAL (SELECT coalesce(l.observed_at + l.stale_after > now() AND game_id <> ALL (l.unseen_games), false) AS fresh) f;
