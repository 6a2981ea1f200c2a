-- What hooks made of a verdict's pairs when it was cast: the other candidate's id (the judged one's with GOOD and BAD) to a factor
-- from 0 to 1; null: every pair counts in full.
ALTER TABLE "feedback" ADD COLUMN "pair_weights" JSONB;
