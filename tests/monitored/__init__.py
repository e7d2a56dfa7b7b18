"""What real exporters, Prometheus and Alertmanager say on this machine while something really fails."""
