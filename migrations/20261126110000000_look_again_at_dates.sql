-- The content of a local day now tells where its counters begin as well: what each date tells is looked at again.
UPDATE devices.landed_dates SET content = NULL;
