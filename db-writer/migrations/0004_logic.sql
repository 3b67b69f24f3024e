-- Which logic of the engine wrote the state at the watermark: another one may not go on from it in the middle.
ALTER TABLE watermark ADD COLUMN logic integer NOT NULL DEFAULT 3;
ALTER TABLE watermark ALTER COLUMN logic DROP DEFAULT;
