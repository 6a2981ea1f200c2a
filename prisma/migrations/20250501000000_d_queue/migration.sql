-- The rows of training_jobs are the queue themselves.
DROP SCHEMA IF EXISTS "pgboss" CASCADE;

ALTER TABLE "training_jobs"
    ADD COLUMN "attempts" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "not_before" TIMESTAMPTZ(3),
    ADD COLUMN "lease_until" TIMESTAMPTZ(3);

CREATE INDEX "training_jobs_waiting_idx" ON "training_jobs"("position") WHERE "status" = 'QUEUED';

CREATE INDEX "training_jobs_leased_idx" ON "training_jobs"("lease_until") WHERE "status" = 'RUNNING';

-- Where many processes share a server, each connection carries its process's name, and the others hear of every change.
CREATE FUNCTION "tell_training_job"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('palate_training_jobs', current_setting('palate.process') || ' ' || NEW.id);
    RETURN NULL;
END
$$;

CREATE TRIGGER "training_jobs_added" AFTER INSERT ON "training_jobs" FOR EACH ROW
    WHEN (current_setting('palate.process', true) <> '') EXECUTE FUNCTION "tell_training_job"();

CREATE TRIGGER "training_jobs_changed" AFTER UPDATE OF "status" ON "training_jobs" FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND current_setting('palate.process', true) <> '') EXECUTE FUNCTION "tell_training_job"();

CREATE FUNCTION "tell_forgotten"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('palate_forgotten', current_setting('palate.process') || ' ' || OLD.id);
    RETURN NULL;
END
$$;

CREATE TRIGGER "members_removed" AFTER DELETE ON "members" FOR EACH ROW
    WHEN (current_setting('palate.process', true) <> '') EXECUTE FUNCTION "tell_forgotten"();
