-- Games that the holder of the lease has not looked at yet: what an earlier term wrote of them says nothing of now (S8). Empty soon after
-- a term began, but for a game whose look hangs; the others do not wait for it (L2).
ALTER TABLE controller_leases ADD COLUMN unseen_games text[] NOT NULL DEFAULT '{}';
