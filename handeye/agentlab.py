"""AgentLab's agents on our suites, and our models as its agents. See ``docs/benchmarks/agentlab.md``."""

from benchmarks.agentlab.agent import AgentLabAgent as AgentLabAgent
from benchmarks.agentlab.agent import HandeyeAgentArgs as HandeyeAgentArgs
from benchmarks.agentlab.env import HandeyeEnvArgs as HandeyeEnvArgs
from benchmarks.agentlab.env import handeye_benchmark as handeye_benchmark
from benchmarks.agentlab.env import study_summaries as study_summaries
