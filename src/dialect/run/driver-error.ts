import { QueryFailedError } from 'typeorm';

/** The properties of drivers' errors. */
export interface DriverError {
  /** SQLSTATE (pg), or the name of the error. */
  readonly code?: string;
  /** The number of the error (mysql2). */
  readonly errno?: number;
  readonly message: string;
  readonly constraint?: string;
  readonly column?: string;
  readonly detail?: string;
}

/** The driver's error inside a QueryFailedError. */
export function driverErrorOf(error: unknown): DriverError | undefined {
  return error instanceof QueryFailedError ? (error.driverError as DriverError) : undefined;
}

/** The SQLSTATE of a failed query; '' for any other error. */
export function sqlStateOf(error: unknown): string {
  return driverErrorOf(error)?.code ?? '';
}

/** Whether a value that was sent is none of the column's type (SQLSTATE class 22), where the database has SQLSTATEs. */
export function isDataException(error: unknown): boolean {
  return /^22[0-9A-Z]{3}$/.test(sqlStateOf(error));
}

/** MySQL's number of a failed query's error; 0 for any other error. */
export function errorNumberOf(error: unknown): number {
  return driverErrorOf(error)?.errno ?? 0;
}
