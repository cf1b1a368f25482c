import { z } from 'zod';

/** A time as RFC 3339 has it. */
export const rfc3339 = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .meta({ format: 'date-time' });
