"""Tools that several tests share: a virtual clock, fake servers, real ones that misbehave."""
