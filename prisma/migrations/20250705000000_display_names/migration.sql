-- What the platform shows a member as; null while nobody said.
ALTER TABLE "members" ADD COLUMN "display_name" TEXT;
