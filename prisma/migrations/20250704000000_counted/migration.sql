-- Held because the member took consent back: such a verdict counts again with the next yes. One that never counted does not outlive a no.
ALTER TABLE "feedback" ADD COLUMN "counted" BOOLEAN NOT NULL DEFAULT false;

-- Of members who have said no, what had been learned from was held by it; the rest had waited for their answer, or came after it.
UPDATE "feedback" f SET "counted" = true FROM "members" m WHERE m."id" = f."member_id" AND m."learn" = 'DENIED' AND f."state" = 'HELD'
    AND (f."verdict" IN ('TIE', 'ALL_BAD')
        OR EXISTS (SELECT 1 FROM "encoder_versions" v WHERE v."member_id" = f."member_id" AND f."position" = ANY(v."positions")));

UPDATE "feedback" f SET "state" = 'WITHDRAWN' FROM "members" m WHERE m."id" = f."member_id" AND m."learn" = 'DENIED' AND f."state" = 'HELD'
    AND NOT f."counted";
