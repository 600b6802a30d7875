"""SpineYOLO: finds every vertebra on a spine radiograph and says which one it is. Research use only."""
