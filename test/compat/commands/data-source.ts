import { type DataSource } from 'typeorm';

// Each set-up has a file of its own here.
export declare const dataSource: DataSource;
