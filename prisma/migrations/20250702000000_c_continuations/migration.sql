-- What it takes to go on with a reply that reached its length: the latent it was written behind (floats, little-endian) with the
-- checkpoint that it means something to, and the tokens of the reply before these, where it goes on with an earlier one itself.
ALTER TABLE "candidates" ADD COLUMN "latent" BYTEA;
ALTER TABLE "candidates" ADD COLUMN "latent_checkpoint" TEXT;
ALTER TABLE "candidates" ADD COLUMN "written" INTEGER[];

-- As for the texts: no samples of it among the planner's statistics.
ALTER TABLE "candidates" ALTER COLUMN "latent" SET STATISTICS 0;
ALTER TABLE "candidates" ALTER COLUMN "written" SET STATISTICS 0;
